/** Two vantages together: whose answer counts, and when the same words at both settle a test (rule 13). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EVIDENCES, REASONS, type Reason } from '../../src/contract/words.ts'
import { assess } from '../../src/relay/assess.ts'
import type { Exchange, Stage } from '../../src/relay/attempt.ts'
import { formOf } from '../../src/relay/forms.ts'
import { checkVerdict } from '../../src/relay/invariants.ts'
import type { Judgement } from '../../src/relay/judgement.ts'
import type { Observations } from '../../src/relay/observations.ts'
import { decidingVantage, judgeTogether, needsSecond } from '../../src/relay/two-vantages.ts'

type Answer = Pick<Judgement, 'verdict' | 'reason' | 'evidence'>

const OPEN: Answer = { verdict: 'open', reason: null, evidence: 'message-accepted' }
const CLOSED: Answer = { verdict: 'closed', reason: null, evidence: 'none' }
const because = (reason: Reason): Answer => ({ verdict: 'inconclusive', reason, evidence: 'none' })
const ANSWERS: readonly Answer[] = [OPEN, CLOSED, ...REASONS.map(because)]

const wordOf = ({ verdict, reason }: Answer): string => reason ?? verdict
const counts = (first: Answer, second: Answer): string => wordOf(decidingVantage(first, second) === 0 ? first : second)

/** Answers that show an outside recipient that was accepted. */
const TAKEN = ['recipient-accepted', 'content-refused', 'accepted-then-bounced', 'ambiguous-accepted']
/** The answers that a second vantage may improve, as the design lists them. */
const ASKED_AGAIN = [
  'vantage-banned',
  'vantage-blocked',
  'words-unknown',
  'tarpitted',
  'greeting-refused',
  'connect-timeout',
  'connection-refused',
  'dropped',
]
const OUR_OWN = ['interrupted', 'vantage-failed']

test('a second vantage is asked after an answer that may be about the first one alone, and after none', () => {
  assert.deepEqual(REASONS.filter(needsSecond), ASKED_AGAIN)
})

for (const first of ANSWERS) {
  test(`${wordOf(first)} at the first vantage, and each other answer at the second`, () => {
    for (const second of ANSWERS) {
      const [one, other, both] = [wordOf(first), wordOf(second), `${wordOf(first)} and ${wordOf(second)}`]
      const answer = counts(first, second)
      assert.ok([one, other].includes(answer), both)
      assert.equal(answer === 'open', one === 'open' || other === 'open', `${both}: any open is open`)
      if (one === 'open' || other === 'open') continue
      const pair = [one, other]
      const isClosed = pair.includes('closed') && pair.every((word) => word === 'closed' || ASKED_AGAIN.includes(word))
      assert.equal(answer === 'closed', isClosed, `${both}: closed counts only beside an answer about us`)
      if (pair.some((word) => TAKEN.includes(word))) assert.ok(TAKEN.includes(answer), `${both}: doubt wins`)
      if (OUR_OWN.includes(answer)) {
        assert.ok(
          pair.every((word) => OUR_OWN.includes(word) || word === 'closed'),
          `${both}: a fault of ours hides no answer`,
        )
      }
      assert.equal(
        counts(second, first) === answer || decidingVantage(first, second) === 0,
        true,
        `${both}: first wins`,
      )
    }
  })
}

test('the reason that leads on counts; of two that say as much, the first one', () => {
  const rows: readonly (readonly [first: Reason, second: Reason, counts: Reason])[] = [
    ['connect-timeout', 'greylisted', 'greylisted'],
    ['connect-timeout', 'domain-unknown', 'domain-unknown'],
    ['vantage-blocked', 'words-unknown', 'words-unknown'],
    ['vantage-blocked', 'vantage-banned', 'vantage-blocked'],
    ['vantage-banned', 'vantage-blocked', 'vantage-banned'],
    ['words-unknown', 'greylisted', 'words-unknown'],
    ['words-unknown', 'vantage-blocked', 'words-unknown'],
    ['dropped', 'vantage-blocked', 'vantage-blocked'],
    ['dropped', 'deadline', 'dropped'],
    ['tarpitted', 'deadline', 'tarpitted'],
    ['vantage-blocked', 'vantage-failed', 'vantage-blocked'],
    ['connection-refused', 'interrupted', 'connection-refused'],
    ['vantage-blocked', 'ambiguous-accepted', 'ambiguous-accepted'],
  ]
  for (const [first, second, expected] of rows) {
    assert.equal(counts(because(first), because(second)), expected, `${first}, ${second}`)
  }
})

test('of two open answers the one with the stronger evidence counts, otherwise the first one', () => {
  for (const first of EVIDENCES) {
    for (const second of EVIDENCES) {
      const by = decidingVantage({ ...OPEN, evidence: first }, { ...OPEN, evidence: second })
      assert.equal(by, EVIDENCES.indexOf(second) > EVIDENCES.indexOf(first) ? 1 : 0)
    }
  }
})

const NAMES = ['example.com', 'isp.example']
const STAGES: readonly Stage[] = ['mail', 'rcpt', 'mail', 'rcpt', 'data', 'dot']
const TAKEN_RCPT = ['250 ok', '250 ok']
const RELAYED = [...TAKEN_RCPT, '250 ok', '250 ok', '354 go', '250 queued']
const no = (text: string): string[] => ['250 ok', text]

type Said = Readonly<Record<string, readonly string[]>>

/** Returns what one vantage learnt: the replies to each form, in the order of their questions. */
function learnt(said: Said, rest: Partial<Observations> = {}): Observations {
  const rows = Object.entries(said).map(([id, replies], place) => {
    const exchanges = replies.map((text, index): Exchange => {
      const reply = { code: Number(text.slice(0, 3)), enhanced: null, lines: [text.slice(4)], words: text.slice(4) }
      return { stage: STAGES[index] ?? 'dot', reply, at: [10 * place + index] }
    })
    const why = replies.length === 0 ? ('connect-timeout' as const) : null
    const attempt = {
      form: formOf(id),
      mailFrom: 'a@b',
      rcptTo: 'c@d',
      connection: 1,
      node: null,
      exchanges,
      seen: null,
    }
    return assess({ ...attempt, why }, NAMES)
  })
  return {
    proof: 'message',
    refusedBefore: false,
    vantage: ['198.51.100.7'],
    ehlo: 'syd.isp.example',
    helloLine: null,
    domain: 'example.com',
    domainSource: 'request',
    known: 'none',
    names: NAMES,
    greeting: { reply: { code: 220, enhanced: null, lines: ['mail.example.com'], words: '' }, at: [] },
    turnedAway: null,
    mailboxTroubled: false,
    rows,
    ...rest,
  }
}

/** The forms of the standard suite, all refused with one text. */
const all = (text: string): Said => ({
  'outside-sender': no(text),
  'own-domain-sender': no(text),
  'null-sender': no(text),
  'percent-hack': no(text),
  'own-domain-postmaster': no(text),
})

const DENIED = learnt(all('554 5.7.1 Relay access denied'))
const LISTED = learnt(all('554 5.7.1 Service unavailable; client blocked using zen.example'))
const AWAY = learnt({ 'outside-sender': [], 'own-domain-sender': [], 'null-sender': [], 'percent-hack': [] })
const RELAYING = learnt({ ...all('554 5.7.1 Relay access denied'), 'outside-sender': RELAYED })

const ODD = '550 Not here, sorry'
/** A server that refuses outsiders in its own words, and distinguishes its unknown mailboxes. */
const odd: Said = {
  ...all(ODD),
  'random-local-control': no('550 5.1.1 User unknown'),
  'postmaster-control': TAKEN_RCPT,
}
const here = learnt(odd)
const elsewhere = learnt(odd, { vantage: ['203.0.113.7'], ehlo: 'mel.isp.example' })

const outcome = (first: Observations, second: Observations | null): string => {
  const { judgement, by } = judgeTogether(first, second)
  return [judgement.verdict, judgement.reason, ...judgement.caveats, `by ${by}`].filter(Boolean).join(' ')
}

test('answers at one vantage are judged as before', () => {
  assert.equal(outcome(DENIED, null), 'closed by 0')
  assert.equal(outcome(here, null), 'inconclusive words-unknown by 0')
})

test('closed from one vantage and an answer about us, or none, from the other is closed with a caveat', () => {
  for (const first of [LISTED, AWAY, here]) {
    assert.equal(outcome(first, DENIED), 'closed treats-vantages-differently by 1')
    assert.equal(outcome(DENIED, first), 'closed treats-vantages-differently by 0')
  }
  assert.equal(outcome(DENIED, DENIED), 'closed by 0')
})

test('a message that one vantage relayed means open, whatever the other met', () => {
  for (const other of [LISTED, AWAY, DENIED, here]) {
    assert.match(outcome(other, RELAYING), /^open by 1$/)
    assert.match(outcome(RELAYING, other), /^open by 0$/)
  }
})

test('an outside recipient that one vantage got accepted is never closed by the other', () => {
  const accepted = learnt({ ...all('554 5.7.1 Relay access denied'), 'null-sender': TAKEN_RCPT })
  assert.equal(outcome(accepted, DENIED), 'inconclusive recipient-accepted by 0')
  assert.equal(outcome(LISTED, accepted), 'inconclusive recipient-accepted by 1')
  const { judgement } = judgeTogether(LISTED, accepted)
  assert.equal(judgement.evidence, 'recipient-accepted')
})

test('the same words at two vantages are a refusal of outsiders, and the lines of both prove it', () => {
  assert.equal(outcome(here, elsewhere), 'closed by both')
  const { judgement } = judgeTogether(here, elsewhere)
  assert.equal(judgement.decisive.length, 2 * Object.keys(odd).length)
  const loopback = (ip: string): Observations => learnt(odd, { vantage: [ip] })
  assert.equal(outcome(loopback('127.0.0.11'), loopback('127.0.0.12')), 'closed by both', 'loopback has no neighbours')
})

const doubts: readonly (readonly [what: string, first: Observations, second: Observations])[] = [
  ['other words', here, learnt({ ...odd, 'outside-sender': no('550 Go away') }, { vantage: ['203.0.113.7'] })],
  ['no words', learnt({ ...odd, ...all('550') }), learnt({ ...odd, ...all('550') }, { vantage: ['203.0.113.7'] })],
  ['neighbours', here, learnt(odd, { vantage: ['198.51.100.99'] })],
  ['the same address', here, here],
  ['an unknown address', here, learnt(odd, { vantage: [] })],
  [
    'refusals a moment ago at both vantages',
    learnt(odd, { refusedBefore: true }),
    learnt(odd, { vantage: ['203.0.113.7'], refusedBefore: true }),
  ],
  ['a form without an answer', here, { ...elsewhere, rows: [...elsewhere.rows.slice(1), ...AWAY.rows.slice(3)] }],
]
const withoutSame = (rest: Said, more: Partial<Observations> = {}): [Observations, Observations] => [
  learnt({ ...odd, ...rest }, more),
  learnt({ ...odd, ...rest }, { ...more, vantage: ['203.0.113.7'] }),
]
const doubtsAtBoth: readonly (readonly [what: string, pair: [Observations, Observations]])[] = [
  ['no postmaster', withoutSame({ 'postmaster-control': no('550 5.1.1 User unknown') })],
  ['the words for everybody but postmaster', withoutSame({ 'random-local-control': no(ODD) })],
  ['no answer for a random local part', withoutSame({ 'random-local-control': [] })],
  [
    'a known mailbox that is refused',
    withoutSame({ 'known-mailbox-control': no('550 5.1.1 User unknown') }, { known: 'person' }),
  ],
  [
    'words for our sender alone',
    withoutSame({
      'own-domain-sender': no('554 5.7.1 Relay access denied'),
      'null-sender': no('554 5.7.1 Relay access denied'),
    }),
  ],
]

for (const [what, first, second] of [...doubts, ...doubtsAtBoth.map(([what, pair]) => [what, ...pair] as const)]) {
  test(`the same words settle nothing with ${what}`, () => {
    for (const pair of [
      [first, second],
      [second, first],
    ] as const) {
      assert.doesNotMatch(outcome(...pair), /^closed/)
    }
  })
}

test('words that name our address or our host may be about it', () => {
  for (const [one, other] of [
    ['550 Not you, 198.51.100.7', '550 Not you, 203.0.113.7'],
    ['550 Not you, SYD.isp.example', '550 Not you, mel.isp.example'],
  ] as const) {
    const first = learnt({ ...odd, ...all(one) })
    const second = learnt({ ...odd, ...all(other) }, { vantage: ['203.0.113.7'], ehlo: 'mel.isp.example' })
    assert.doesNotMatch(outcome(first, second), /^closed/, one)
  }
  const repeats = { ...odd, ...all('550 <t@syd.isp.example>... Not here, sorry') }
  const second = learnt(repeats, { vantage: ['203.0.113.7'] })
  assert.equal(outcome(learnt(repeats), second), 'closed by both', 'the recipient that it repeats is not our host')
})

test('no verdict contradicts what either vantage saw', () => {
  const rows = (...runs: Observations[]) => runs.map((run) => run.rows)
  assert.doesNotThrow(() => checkVerdict('closed', rows(AWAY, DENIED)))
  assert.throws(() => checkVerdict('closed', rows(AWAY, AWAY)), /has an answer/)
  const accepted = learnt({ ...all('554 5.7.1 Relay access denied'), 'null-sender': TAKEN_RCPT })
  assert.throws(() => checkVerdict('closed', rows(DENIED, accepted)), /no outside recipient was accepted/)
  assert.throws(() => checkVerdict('open', rows(DENIED, AWAY)), /open needs a message/)
})
