/** The verdict that each kind of answers leads to, rule by rule of docs/verdict.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REASONS, type Why } from '../../src/contract/words.ts'
import { type Assessed, assess } from '../../src/relay/assess.ts'
import type { Attempt, Exchange, Stage } from '../../src/relay/attempt.ts'
import { FORMS, formOf } from '../../src/relay/forms.ts'
import type { Observations } from '../../src/relay/observations.ts'
import { summarise } from '../../src/relay/summary.ts'
import { judge, unansweredIn } from '../../src/relay/verdict.ts'
import type { Reply } from '../../src/smtp/reply.ts'
import fc from '../harness/fast-check.ts'
import { resultWith } from '../harness/result.ts'

const STAGES: readonly Stage[] = ['mail', 'rcpt', 'mail', 'rcpt', 'data', 'dot']

const replyOf = (text: string): Reply => ({
  code: Number(text.slice(0, 3)),
  enhanced: /^\d{3} (\d\.\d+\.\d+)/.exec(text)?.[1] ?? null,
  lines: [text.slice(4)],
  words: text.slice(4),
})

/** Returns an attempt with the replies to MAIL and RCPT, and then, with a message, to MAIL, RCPT, DATA and the dot. */
function attempt(form: string, said: readonly string[], why: Why | null = null): Attempt {
  const known = formOf(form)
  // Local recipients are asked last.
  const first = known.recipient.kind === 'local' ? 1_000 : 10 * FORMS.indexOf(known)
  const exchanges = said.map(
    (text, index): Exchange => ({ stage: STAGES[index] ?? 'dot', reply: replyOf(text), at: [first + index] }),
  )
  return { form: known, mailFrom: 'a@b', rcptTo: 'c@d', connection: 1, node: null, exchanges, seen: null, why }
}

const DENIED = ['250 ok', '554 5.7.1 Relay access denied']
const TAKEN = ['250 ok', '250 ok']
const RELAYED = [...TAKEN, '250 ok', '250 ok', '354 go', '250 queued']

const NAMES = ['example.com', 'isp.example']

const observations = (attempts: readonly Attempt[], rest: Partial<Observations> = {}): Observations => ({
  proof: 'message',
  refusedBefore: false,
  vantage: ['198.51.100.7'],
  ehlo: 'relaytest.isp.example',
  helloLine: 'mail.example.com',
  domain: 'example.com',
  domainSource: 'customer',
  known: 'none',
  names: NAMES,
  greeting: { reply: replyOf('220 mail.example.com ESMTP'), at: [] },
  turnedAway: null,
  mailboxTroubled: false,
  rows: attempts.map((attempt) => assess(attempt, NAMES)),
  ...rest,
})

const isAttempt = (what: readonly string[] | Attempt): what is Attempt => 'form' in what

/** Returns the observations of the four standard forms, all denied except for those given. */
function standard(
  said: Readonly<Record<string, readonly string[] | Attempt>>,
  rest: Partial<Observations> = {},
  changed: (rows: readonly Assessed[]) => readonly Assessed[] = (rows) => rows,
): Observations {
  const all = {
    'outside-sender': DENIED,
    'own-domain-sender': DENIED,
    'null-sender': DENIED,
    'percent-hack': DENIED,
    ...said,
  }
  const attempts = Object.entries(all).map(([form, what]) => (isAttempt(what) ? what : attempt(form, what)))
  const made = observations(attempts, rest)
  return { ...made, rows: changed(made.rows) }
}

/** Returns a row whose answers came at another time. */
const asked = (row: Assessed, at: number): Assessed => ({
  ...row,
  decisive: row.decisive && { ...row.decisive, at: [at] },
})

/** Returns the verdict, and the reason or cause. */
function outcome(what: Observations): string {
  const { verdict, reason, cause } = judge(what)
  return [verdict, reason ?? cause].filter(Boolean).join(' ')
}

const no = (text: string) => ['250 ok', text]
const mailbox = (...said: string[]) => ({ 'known-mailbox-control': said })
const control = (...said: string[]) => ({ 'postmaster-control': said })
const random = (...said: string[]) => ({ 'random-local-control': said })

const BOUNCE = {
  kind: 'bounce',
  peer: '203.0.113.25',
  helo: '',
  received: null,
  receivedAt: '',
  report: 'unclear',
} as const

const CASES: readonly (readonly [string, string, Observations])[] = [
  // Rule 1: open
  [
    'a message accepted from an outside sender means open for everyone',
    'open everyone',
    standard({ 'outside-sender': RELAYED }),
  ],
  [
    'a message accepted from a sender at the own domain',
    'open own-domain-sender',
    standard({ 'own-domain-sender': RELAYED }),
  ],
  ['a message accepted from the null sender', 'open null-sender', standard({ 'null-sender': RELAYED })],
  [
    'a message accepted from an existing own-domain sender',
    'open own-domain-sender',
    standard({ 'own-domain-postmaster': RELAYED }),
  ],
  [
    'a cause is known if the outside sender was refused in words that are not about us',
    'open own-domain-sender',
    standard({ 'outside-sender': no('550 Invalid recipient'), 'own-domain-sender': RELAYED }),
  ],
  [
    'an open server has no cause if the outside sender was greylisted',
    'open',
    standard({ 'outside-sender': no('450 greylisted'), 'null-sender': RELAYED }),
  ],
  [
    'an open server has no cause if the outside sender was refused as a sender',
    'open',
    standard({ 'outside-sender': no('550 5.1.8 Domain of sender'), 'own-domain-sender': RELAYED }),
  ],
  [
    'an accepted message counts more than a test that was interrupted',
    'open everyone',
    standard({ 'outside-sender': RELAYED, 'null-sender': attempt('null-sender', [], 'interrupted') }),
  ],
  // Rule 2: refused later
  [
    'a relay refusal after DATA is a refusal',
    'closed',
    standard({ 'outside-sender': [...TAKEN, ...TAKEN, '554 5.7.1 relay access denied'] }),
  ],
  [
    'an authentication demand at the dot is a refusal',
    'closed',
    standard({ 'null-sender': [...TAKEN, ...TAKEN, '354 go', '550 authentication required'] }),
  ],
  [
    'a refusal of the content leaves the form undecided',
    'inconclusive content-refused',
    standard({ 'outside-sender': [...TAKEN, ...TAKEN, '354 go', '554 5.7.1 spam'] }),
  ],
  [
    'a deferral at the dot leaves the form undecided',
    'inconclusive server-trouble',
    standard({ 'outside-sender': [...TAKEN, ...TAKEN, '354 go', '451 4.3.0 queue file error'] }),
  ],
  [
    'a bare 2xx to RCPT is no proof',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': TAKEN }, { proof: 'recipient' }),
  ],
  [
    'a message that was cut off is no proof',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': attempt('outside-sender', TAKEN, 'dropped') }),
  ],
  // Rule 3: ambiguous forms
  [
    'an ambiguous form of the full part is left open if the server accepts any local part at its place',
    'closed',
    standard({ 'random-local-at-host': TAKEN, 'percent-hack-host': TAKEN }),
  ],
  [
    'a catch-all at the domain says nothing about the host name',
    'inconclusive ambiguous-accepted',
    standard({ ...random(...TAKEN), 'percent-hack-host': TAKEN }),
  ],
  [
    'a catch-all at the domain says nothing about a recipient without a domain',
    'inconclusive ambiguous-accepted',
    standard({ ...random(...TAKEN), 'bang-path': TAKEN }),
  ],
  [
    'a form that is refused at the dot says nothing about a form at another place',
    'inconclusive ambiguous-accepted',
    standard({ 'percent-hack': [...TAKEN, '354 go', '550 5.1.1 no such user'], 'quoted-at-literal': TAKEN }),
  ],
  [
    'an ambiguous form of the full part counts if the server knows its users',
    'inconclusive ambiguous-accepted',
    standard({ 'random-local-at-host': no('550 5.1.1 User unknown'), 'percent-hack-host': TAKEN }),
  ],
  [
    'an ambiguous form accepted at RCPT is undecided',
    'inconclusive ambiguous-accepted',
    standard({ 'percent-hack': TAKEN }),
  ],
  // Rule 4a: the outside sender
  ['all denied is closed', 'closed', standard({})],
  [
    'a temporary code that denies relaying is closed',
    'closed',
    standard({ 'outside-sender': no('454 4.7.1 Relay access denied') }),
  ],
  [
    'a demand for authentication at MAIL is closed',
    'closed',
    standard({ 'outside-sender': ['530 5.7.1 Authentication required'] }),
  ],
  [
    'an unknown user is closed if postmaster is accepted',
    'closed',
    standard({ 'outside-sender': no('550 Invalid recipient'), ...control(...TAKEN) }),
  ],
  [
    'a bare 550 is not closed by postmaster, even if a random user is refused in other words: a ban can spare both',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN), ...random(...no('550 5.1.1 User unknown')) }),
  ],
  [
    'the same bare 550 for a random user may be a ban that exempts postmaster',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN), ...random(...no('550 no')) }),
  ],
  [
    'a bare 550 without a random user proves nothing',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN) }),
  ],
  [
    'a bare 550 is closed if postmaster and a random user are accepted',
    'closed',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN), ...random(...TAKEN) }),
  ],
  [
    'any words are closed if the mailbox of a person is accepted',
    'closed',
    standard({ 'outside-sender': no('554 5.7.1 Das geht hier nicht'), ...mailbox(...TAKEN) }, { known: 'person' }),
  ],
  [
    'no words at all are closed if the mailbox of a person is accepted, and excuse other forms too',
    'closed',
    standard(
      { 'outside-sender': no('550 '), 'null-sender': no('553 nope'), ...mailbox(...TAKEN) },
      { known: 'person' },
    ),
  ],
  [
    'a role address proves no more than postmaster',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no'), ...mailbox(...TAKEN) }, { known: 'role' }),
  ],
  [
    'a role address is enough for words that say that there is no such user',
    'closed',
    standard({ 'outside-sender': no('550 5.1.1 User unknown'), ...mailbox(...TAKEN) }, { known: 'role' }),
  ],
  [
    'a known mailbox that was accepted before the last refusal proves nothing',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no'), ...mailbox(...TAKEN) }, { known: 'person' }, (rows) =>
      rows.map((row) => (row.attempt.form.recipient.kind === 'local' ? asked(row, 0) : row)),
    ),
  ],
  [
    'a known mailbox of another connection proves nothing, if the nodes have no names',
    'inconclusive words-unknown',
    standard(
      {
        'outside-sender': no('550 no'),
        'known-mailbox-control': { ...attempt('known-mailbox-control', TAKEN), connection: 2 },
      },
      { known: 'person' },
    ),
  ],
  [
    'a known mailbox of another connection counts if both greet with the same name',
    'closed',
    standard(
      {
        'outside-sender': { ...attempt('outside-sender', no('550 no')), node: 'mx1.example.com' },
        'known-mailbox-control': {
          ...attempt('known-mailbox-control', TAKEN),
          connection: 2,
          node: 'mx1.example.com',
        },
      },
      { known: 'person' },
    ),
  ],
  [
    'a known mailbox that is refused in the same words means that everything is refused',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 no'), ...mailbox(...no('550 no')) }, { known: 'person' }),
  ],
  [
    'a known mailbox does not excuse words about us',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('554 blocked using a list'), ...mailbox(...TAKEN) }, { known: 'person' }),
  ],
  [
    'a known mailbox does not excuse words about now',
    'inconclusive greylisted',
    standard({ 'outside-sender': no('450 greylisted'), ...mailbox(...TAKEN) }, { known: 'person' }),
  ],
  [
    'a 503 to RCPT without a local recipient that is accepted there is no answer',
    'inconclusive protocol-error',
    standard({ 'outside-sender': no('503 bad sequence') }),
  ],
  [
    'a 503 to RCPT where a known mailbox is accepted is a refusal',
    'closed',
    standard({ 'outside-sender': no('503 bad sequence'), ...mailbox(...TAKEN) }, { known: 'person' }),
  ],
  [
    'a later form that is refused without a reason may be the beginning of a ban',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 Access denied'), ...control(...no('550 Access denied')) }),
  ],
  [
    'a later form refused without a reason is fine if the outside sender is then refused as before',
    'closed',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': DENIED }),
  ],
  [
    'a later form refused without a reason is not fine if the outside sender is then refused in other words',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': no('550 go away') }),
  ],
  [
    'a later form refused without a reason is not fine if the outside sender is then accepted',
    'inconclusive recipient-accepted',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': TAKEN }),
  ],
  [
    'a later form refused without a reason is not fine if the repeat got no answer',
    'inconclusive dropped',
    standard({
      'null-sender': no('550 no bounces'),
      'outside-sender-again': attempt('outside-sender-again', [], 'dropped'),
    }),
  ],
  [
    'a repeat refused in the words for a later form, and not in its first words, may be a ban',
    'inconclusive vantage-blocked',
    standard({
      'outside-sender': no('550 no thanks'),
      'null-sender': no('550 no bounces'),
      'outside-sender-again': no('550 no bounces'),
      ...control(...TAKEN),
      ...random(...no('550 5.1.1 User unknown')),
    }),
  ],
  [
    'a later form whose outside recipient is called unknown may be a ban',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 5.1.1 mailbox unavailable') }),
  ],
  [
    'an ambiguous form that is refused without a reason may be a ban',
    'inconclusive vantage-blocked',
    standard({ 'percent-hack': no('550 no') }),
  ],
  [
    'silence from the start is a timeout',
    'inconclusive connect-timeout',
    observations([attempt('outside-sender', [], 'connect-timeout')]),
  ],
  [
    'silence after refusals within the last ten minutes is a ban',
    'inconclusive vantage-banned',
    standard({ 'outside-sender': attempt('outside-sender', [], 'connect-timeout') }, { refusedBefore: true }),
  ],
  [
    'silence after refusals within the test is a ban',
    'inconclusive vantage-banned',
    standard({ 'null-sender': attempt('null-sender', [], 'connect-timeout') }),
  ],
  [
    'a bounced message is not relayed',
    'inconclusive accepted-then-bounced',
    standard({ 'outside-sender': { ...attempt('outside-sender', RELAYED), seen: BOUNCE }, 'own-domain-sender': TAKEN }),
  ],
  [
    'a bare 550 for postmaster too is about us',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 no'), ...control(...no('550 no')) }),
  ],
  [
    'a bare 550 without a control proves nothing',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('550 no') }),
  ],
  [
    'a greylisted postmaster proves nothing',
    'inconclusive greylisted',
    standard({ 'outside-sender': no('550 no'), ...control(...no('450 greylisted')) }),
  ],
  [
    'a control that was cut off proves nothing',
    'inconclusive dropped',
    standard({ 'outside-sender': no('550 no'), 'postmaster-control': attempt('postmaster-control', [], 'dropped') }),
  ],
  [
    'a refusal of the outside sender as a sender never counts as closed',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': ['550 5.1.8 bad sender'], ...control(...TAKEN) }),
  ],
  [
    'a failed sender verification never counts as closed',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 Sender verify failed'), ...control(...TAKEN) }),
  ],
  [
    'a blocklisted vantage never counts as closed',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('554 blocked using a list'), ...control(...TAKEN) }),
  ],
  [
    'a policy refusal is no known word',
    'inconclusive words-unknown',
    standard({ 'outside-sender': no('554 5.7.1 no'), ...control(...TAKEN) }),
  ],
  ['greylisting is not closed', 'inconclusive greylisted', standard({ 'outside-sender': no('450 4.2.0 greylisted') })],
  ['throttling is not closed', 'inconclusive throttled', standard({ 'outside-sender': ['421 too many connections'] })],
  [
    'a demand for STARTTLS is not closed',
    'inconclusive tls-required',
    standard({ 'outside-sender': ['530 Must issue a STARTTLS command first'] }),
  ],
  [
    'a temporary problem is not closed',
    'inconclusive server-trouble',
    standard({ 'outside-sender': no('451 4.3.0 trouble') }),
  ],
  // Rule 4b: the other plain forms
  ['SPF protection of the own domain is fine', 'closed', standard({ 'own-domain-sender': ['550 5.7.23 SPF fail'] })],
  [
    'a refused null sender is fine',
    'closed',
    standard({ 'null-sender': ['550 no bounces'], 'outside-sender-again': DENIED }),
  ],
  ['a syntax error for another form is fine', 'closed', standard({ 'percent-hack': no('501 5.1.3 syntax') })],
  [
    'an unknown own-domain sender is fine',
    'closed',
    standard({ 'own-domain-sender': no('550 5.1.0 Sender: User unknown'), 'own-domain-postmaster': DENIED }),
  ],
  [
    'a blocklist in the refusal of another form is not fine',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('554 blocked using a list') }),
  ],
  [
    'a form that was not run is not fine',
    'inconclusive dropped',
    standard({ 'null-sender': attempt('null-sender', [], 'dropped') }),
  ],
  [
    'a form without an answer and without a reason is not fine',
    'inconclusive dropped',
    standard({ 'null-sender': attempt('null-sender', []) }),
  ],
  // Rule 4c: the domain
  [
    'a domain from the greeting is not enough for closed',
    'inconclusive domain-unknown',
    standard({}, { domainSource: 'greeting' }),
  ],
  [
    'an unknown domain is not enough for closed',
    'inconclusive domain-unknown',
    standard({}, { domain: null, domainSource: null }),
  ],
  [
    'an open server needs no domain',
    'open everyone',
    standard({ 'outside-sender': RELAYED }, { domain: null, domainSource: null }),
  ],
  // Rule 5: one reason, the first that fits
  [
    'the reason interrupted comes first',
    'inconclusive interrupted',
    standard({ 'outside-sender': TAKEN, 'null-sender': attempt('null-sender', [], 'interrupted') }),
  ],
  [
    'an accepted recipient comes before a refused one',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': TAKEN, 'null-sender': no('450 greylisted') }),
  ],
  [
    'a greeting that refuses us',
    'inconclusive greeting-refused',
    observations([attempt('outside-sender', [], 'greeting-refused')], {
      turnedAway: { reply: replyOf('554 no SMTP service here'), at: [1] },
    }),
  ],
  [
    'a greeting that names a blocklist',
    'inconclusive vantage-blocked',
    observations([attempt('outside-sender', [], 'greeting-refused')], {
      turnedAway: { reply: replyOf('554 blocked using a list'), at: [1] },
    }),
  ],
  [
    'a greeting that says too many connections',
    'inconclusive throttled',
    observations([attempt('outside-sender', [], 'greeting-refused')], {
      turnedAway: { reply: replyOf('421 too many connections'), at: [1] },
    }),
  ],
  ['a test without any attempt', 'inconclusive deadline', observations([])],
]

for (const [name, expected, what] of CASES) {
  test(`${name}: ${expected}`, () => assert.equal(outcome(what), expected))
}

for (const [why, reason] of [
  ['connection-limit', 'connection-limit'],
  ['turned-away', 'throttled'],
  ['no-reset', 'protocol-error'],
] as const) {
  test(`a form that was not asked because of ${why} makes the test inconclusive with ${reason}`, () => {
    assert.equal(outcome(standard({ 'null-sender': attempt('null-sender', [], why) })), `inconclusive ${reason}`)
  })
}

for (const why of ['connection-refused', 'unreachable', 'protocol-error', 'dropped', 'deadline'] as const) {
  test(`a test in which the outside sender got only ${why} has that reason`, () => {
    assert.equal(outcome(standard({ 'outside-sender': attempt('outside-sender', [], why) })), `inconclusive ${why}`)
  })
}

test('the deciding lines are the indexes of the replies that decided', () => {
  const open = judge(standard({ 'outside-sender': RELAYED }))
  assert.deepEqual(open.decisive, [1, 3, 4, 5], 'every reply but those to MAIL')
  assert.deepEqual(judge(standard({})).decisive, [1, 11, 21, 31])
  assert.deepEqual(judge(standard({ 'percent-hack': TAKEN })).decisive, [31])
})

test('evidence is the strongest of all attempts', () => {
  assert.equal(judge(standard({ 'percent-hack': TAKEN })).evidence, 'recipient-accepted')
  assert.equal(judge(standard({ 'outside-sender': RELAYED })).evidence, 'message-accepted')
  assert.equal(judge(standard(control(...TAKEN))).evidence, 'none')
})

test('greylisting says when to test again, a closed server does not', () => {
  assert.equal(judge(standard({ 'outside-sender': no('450 greylisted') })).retryAfter, 600)
  assert.equal(judge(standard({})).retryAfter, null)
})

const anySaid = fc.array(
  fc.constantFrom(
    '250 ok',
    '354 go',
    '550 no',
    '554 5.7.1 Relay access denied',
    '450 greylisted',
    '421 bye',
    '530 auth',
    '501 what',
  ),
  { maxLength: 6 },
)
const anyAttempt = fc
  .record({
    form: fc.constantFrom(...FORMS.map(({ id }) => id)),
    said: anySaid,
    why: fc.constantFrom(null, 'dropped' as const),
  })
  .map(({ form, said, why }) => attempt(form, said, why))

test('no verdict is open without an accepted message or closed without a clear refusal, and each has a sentence', () => {
  fc.assert(
    fc.property(
      fc.array(anyAttempt, { maxLength: 8 }),
      fc.constantFrom('customer', 'greeting', null),
      (attempts, domainSource) => {
        const what = observations(attempts, { domainSource })
        const judgement = judge(what)
        const took = attempts.some(({ exchanges }) =>
          exchanges.some(({ stage, reply }) => stage === 'dot' && reply.code === 250),
        )
        if (judgement.verdict === 'open') assert.ok(took)
        if (judgement.verdict === 'closed') {
          assert.equal(domainSource, 'customer')
          assert.ok(
            attempts.some(
              ({ form, exchanges }) => form.id === 'outside-sender' && exchanges.some(({ reply }) => reply.code >= 500),
            ),
          )
          const standardRows = judgement.rows.filter(({ attempt: { form } }) => form.suites.includes('standard'))
          assert.ok(standardRows.every(({ outcome: said }) => said === 'refused'))
          const taken = judgement.rows.filter(
            ({ attempt: { form }, outcome: said }) => form.recipient.kind === 'plain' && said === 'accepted',
          )
          // A server that denies relaying only after DATA accepts every recipient, so this says nothing (rule 10).
          if (taken.length > 0) {
            const outside = judgement.rows.find(({ attempt: { form } }) => form.id === 'outside-sender')
            assert.ok(['data', 'dot'].includes(outside?.decisive?.stage ?? ''))
            assert.ok(judgement.caveats.includes('forms-unanswered'))
          }
        }
        if (judgement.verdict === 'inconclusive') assert.ok(REASONS.includes(judgement.reason))
        assert.match(summarise(judgement, what, resultWith()), /^[A-Z][^{}]*\.$/)
      },
    ),
    { numRuns: 5_000 },
  )
})

test('a refusal of the full part in the words of a ban is no answer, if the first question got other words', () => {
  const late = [...TAKEN, ...TAKEN, '354 go', '554 5.7.1 Relay access denied']
  const banned = ['250 ok', '550 5.1.1 User unknown']
  for (const [first, atEnd, isBan] of [
    [late, banned, true],
    [DENIED, banned, true],
    [banned, banned, false],
    [late, DENIED, false],
    [late, TAKEN, false],
  ] as const) {
    const rows = standard({
      'outside-sender': first,
      'source-route-host': banned,
      'percent-hack-host': ['250 ok', '501 5.1.3 Bad address'],
      'outside-sender-at-end': atEnd,
    })
    const unanswered = unansweredIn({ ...rows, rows: judge(rows).rows }).map(({ attempt: { form } }) => form.id)
    assert.equal(unanswered.includes('source-route-host'), isBan, `${first} ${atEnd}`)
    assert.ok(!unanswered.includes('percent-hack-host'))
  }
})

test('the summary tells a server without a greeting from one that is slow', () => {
  const attempts = ['outside-sender', 'null-sender'].map((form) => attempt(form, [], 'deadline'))
  const sentence = (what: Observations) => [judge(what).reason, summarise(judge(what), what, resultWith())]
  const [silence, slowness] = [observations(attempts, { greeting: null }), observations(attempts)]
  assert.deepEqual(sentence(silence), [
    'deadline',
    'The server accepts connections but says nothing: no greeting came in time.',
  ])
  assert.deepEqual(sentence(slowness), ['deadline', 'The server answered too slowly for a whole test.'])
})

test('no summary says that everything was refused if something was accepted', () => {
  const sentence = (what: Observations) => summarise(judge(what), what, resultWith())
  assert.match(sentence(standard({})), /refused every attempt to relay/)
  const later = standard({ 'outside-sender': [...TAKEN, ...TAKEN, '354 go', '554 5.7.1 Relay access denied'] })
  assert.match(sentence(later), /does not relay\. It accepted some .* and then refused their messages/)
})

test('the summary of an open server says whether its message arrived, or was refused by the next server', () => {
  const relayed = attempt('outside-sender', RELAYED)
  const sentence = (seen: Attempt['seen']) => {
    const what = standard({ 'outside-sender': { ...relayed, seen } }, { proof: 'delivery' })
    return summarise(judge(what), what, resultWith())
  }
  assert.match(sentence(null), /relays for everyone.* has not arrived so far/)
  assert.match(sentence({ ...BOUNCE, report: 'tried-to-relay' }), /relays for everyone.* the next server refused it/)
  assert.doesNotMatch(sentence({ ...BOUNCE, kind: 'message', report: null }), /arrived|next server/)
})
