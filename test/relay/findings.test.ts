/** The rows of the findings: which answers show each, and that none of them changes a verdict. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FINDINGS } from '../../src/contract/words.ts'
import { assess } from '../../src/relay/assess.ts'
import type { ReceivedMail, Stage } from '../../src/relay/attempt.ts'
import { findingsOf, showFindings } from '../../src/relay/findings.ts'
import { formOf } from '../../src/relay/forms.ts'
import type { Observations } from '../../src/relay/observations.ts'
import { judge } from '../../src/relay/verdict.ts'
import { documentOf, rowsBelow } from '../harness/documents.ts'
import { resultWith } from '../harness/result.ts'

const STAGES: readonly Stage[] = ['mail', 'rcpt', 'mail', 'rcpt', 'data', 'dot']
const DENIED = ['250 ok', '554 5.7.1 Relay access denied']
const TAKEN = ['250 ok', '250 ok']
const RELAYED = [...TAKEN, '250 ok', '250 ok', '354 go', '250 queued']
const UNKNOWN = ['250 ok', '550 5.1.1 No such user here']

const mail = (changed: Partial<ReceivedMail>): ReceivedMail => {
  return { kind: 'message', peer: '203.0.113.25', helo: '', received: null, receivedAt: '', report: null, ...changed }
}
const BOUNCE = mail({ kind: 'bounce', report: 'tried-to-relay' })

type Said = Readonly<Record<string, readonly string[]>>

/** Returns the observations of the standard forms, all denied except for those given. */
function observed(
  said: Said,
  rest: Partial<Observations> = {},
  seen: Readonly<Record<string, ReceivedMail>> = {},
): Observations {
  const denied = ['outside-sender', 'own-domain-sender', 'null-sender', 'percent-hack'].map(
    (id) => [id, DENIED] as const,
  )
  const rows = Object.entries({ ...Object.fromEntries(denied), ...said }).map(([id, replies], number) => {
    const exchanges = replies.map((text, index) => {
      const code = Number(text.slice(0, 3))
      const enhanced = /^\d{3} (\d\.\d+\.\d+)/.exec(text)?.[1] ?? null
      const reply = { code, enhanced, lines: [text.slice(4)], words: text.slice(4) }
      return { stage: STAGES[index] ?? 'dot', reply, at: [10 * number + index] }
    })
    const connection = { connection: 1, node: 'mail.example.com' }
    const envelope = { form: formOf(id), mailFrom: 'a@b', rcptTo: 'c@example.com' }
    return assess({ ...envelope, ...connection, exchanges, seen: seen[id] ?? null, why: null }, [])
  })
  return {
    proof: 'delivery',
    refusedBefore: false,
    vantage: ['198.51.100.7'],
    ehlo: 'relaytest.isp.example',
    helloLine: 'mail.example.com',
    domain: 'example.com',
    domainSource: 'request',
    known: 'none',
    names: [],
    greeting: null,
    turnedAway: null,
    mailboxTroubled: false,
    rows,
    ...rest,
  }
}

const HIDDEN = mail({ received: 'from relaytest.isp.example (unknown [172.17.0.1]) by mail.example.com' })
const HELLO = 'mail.example.com Hello relaytest.isp.example [172.17.0.1]'

/** A server, the answers of a test, the verdict, and the findings. */
const CASES: readonly (readonly [string, Observations, string, readonly string[]])[] = [
  ['a healthy server', observed({ 'postmaster-control': TAKEN }), 'closed', []],
  [
    'a stranger may send as the own domain to it',
    observed({ 'own-sender-to-local': TAKEN }),
    'closed',
    ['own-domain-spoofable'],
  ],
  ['the own domain is protected', observed({ 'own-sender-to-local': ['250 ok', '550 5.7.1 SPF fail'] }), 'closed', []],
  ['no answer about the own domain', observed({ 'own-sender-to-local': [] }), 'closed', []],
  ['a catch-all', observed({ 'random-local-control': TAKEN }), 'closed', ['any-local-part-taken']],
  ['no postmaster', observed({ 'postmaster-control': UNKNOWN }), 'closed', ['no-postmaster']],
  [
    'no postmaster at a domain that only the greeting gave',
    observed({ 'postmaster-control': UNKNOWN }, { domainSource: 'greeting' }),
    'inconclusive domain-unknown',
    [],
  ],
  [
    'postmaster is refused because of us',
    observed({ 'postmaster-control': ['250 ok', '554 5.7.1 blocked using zen.spamhaus.org'] }),
    'closed',
    [],
  ],
  [
    'it relays, and reports what it cannot deliver',
    observed({ 'outside-sender': RELAYED }, {}, { 'outside-sender': BOUNCE }),
    'open everyone',
    ['bounces-strangers-mail'],
  ],
  [
    'a trap',
    observed({ 'outside-sender': RELAYED, 'random-local-control': TAKEN }),
    'open everyone',
    ['any-local-part-taken', 'takes-all-delivers-nothing'],
  ],
  [
    'a relay that knows its users, and delivers late',
    observed({ 'outside-sender': RELAYED, 'random-local-control': UNKNOWN }),
    'open everyone',
    [],
  ],
  [
    'a message that nobody waited for',
    observed({ 'outside-sender': RELAYED, 'random-local-control': TAKEN }, { proof: 'message' }),
    'open everyone',
    ['any-local-part-taken'],
  ],
  [
    'a relay behind a proxy',
    observed({ 'outside-sender': RELAYED }, {}, { 'outside-sender': HIDDEN }),
    'open source-address-lost',
    [],
  ],
  [
    'a relay behind a proxy, as its reply to EHLO shows',
    observed({ 'outside-sender': RELAYED }, { helloLine: HELLO }),
    'open source-address-lost',
    [],
  ],
  [
    'behind a proxy, strangers are refused and one form is relayed: the form is the cause',
    observed({ 'own-domain-sender': RELAYED }, {}, { 'own-domain-sender': HIDDEN }),
    'open own-domain-sender',
    ['source-address-lost'],
  ],
  ['closed, and behind a proxy', observed({}, { helloLine: HELLO }), 'closed', ['source-address-lost']],
  ['behind a proxy, but our own address is unknown', observed({}, { helloLine: HELLO, vantage: [] }), 'closed', []],
]

for (const [what, observations, verdict, findings] of CASES) {
  test(`${what}: ${findings.join(', ') || 'nothing else'}`, () => {
    const judgement = judge(observations)
    const said = [judgement.verdict, judgement.reason ?? judgement.cause].filter(Boolean).join(' ')
    assert.deepEqual([said, findingsOf(observations, judgement)], [verdict, findings])
    assert.equal(judgement.rows.length, observations.rows.length, 'every attempt is shown')
  })
}

test('the answer about the own domain changes no verdict, whatever it is', () => {
  const answers = [TAKEN, DENIED, UNKNOWN, ['550 go away'], ['250 ok', '451 later'], ['250 ok', '503 bad sequence'], []]
  const vague = { 'outside-sender': ['250 ok', '503 no'], 'own-domain-sender': ['250 ok', '503 no'] }
  for (const base of [{}, vague, { ...vague, 'postmaster-control': TAKEN }]) {
    const { verdict, reason } = judge(observed(base))
    for (const answer of answers) {
      const other = judge(observed({ ...base, 'own-sender-to-local': answer }))
      assert.deepEqual([other.verdict, other.reason], [verdict, reason], answer.join(' '))
    }
  }
})

test('the sentences and steps of every finding are filled in, and can be read out', () => {
  for (const { code, says, steps } of showFindings(FINDINGS, resultWith())) {
    for (const text of [says, ...steps]) assert.match(text, /^[A-Z][\x20-\x7e]{10,300}[^{}]$/, code)
    assert.ok(steps.length >= 2, code)
  }
})

test('docs/verdict.md has the sentence of every finding', () => {
  const expected = showFindings(FINDINGS, resultWith()).map(({ code, says }) => [code, says])
  assert.deepEqual(rowsBelow(documentOf('docs/verdict.md'), 'Findings'), expected)
})
