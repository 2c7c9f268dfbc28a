import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { REASONS, type Why } from '../../src/contract/words.ts'
import type { Attempt, Exchange, Observations, Phase } from '../../src/relay/attempt.ts'
import { FORMS, formOf } from '../../src/relay/forms.ts'
import { summarise } from '../../src/relay/summary.ts'
import { judge } from '../../src/relay/verdict.ts'
import type { Reply } from '../../src/smtp/reply.ts'
import { resultWith } from '../harness/result.ts'

const PHASES: readonly Phase[] = ['mail', 'rcpt', 'mail', 'rcpt', 'data', 'dot']

const replyOf = (text: string): Reply => ({
  code: Number(text.slice(0, 3)),
  enhanced: /^\d{3} (\d\.\d+\.\d+)/.exec(text)?.[1] ?? null,
  lines: [text.slice(4)],
})

/** An attempt from what was said to MAIL, RCPT, and then, in a transaction with a message, MAIL, RCPT, DATA and dot. */
function attempt(form: string, said: readonly string[], why: Why | null = null): Attempt {
  const exchanges = said.map(
    (text, index): Exchange => ({ phase: PHASES[index] ?? 'dot', reply: replyOf(text), at: [index] }),
  )
  return { form: formOf(form), mailFrom: 'a@b', rcptTo: 'c@d', connection: 1, exchanges, seen: null, why }
}

const DENIED = ['250 ok', '554 5.7.1 Relay access denied']
const TAKEN = ['250 ok', '250 ok']
const RELAYED = [...TAKEN, '250 ok', '250 ok', '354 go', '250 queued']

const observations = (attempts: readonly Attempt[], rest: Partial<Observations> = {}): Observations => ({
  proof: 'message',
  refusedBefore: false,
  vantage: ['198.51.100.7'],
  domain: 'example.com',
  domainSource: 'customer',
  names: ['example.com', 'isp.example'],
  greeting: { reply: replyOf('220 mail.example.com ESMTP'), at: [] },
  turnedAway: null,
  attempts,
  ...rest,
})

const isAttempt = (what: readonly string[] | Attempt): what is Attempt => 'form' in what

/** The four standard forms, all denied but for those given. */
function standard(
  said: Readonly<Record<string, readonly string[] | Attempt>>,
  rest: Partial<Observations> = {},
): Observations {
  const all = {
    'outside-sender': DENIED,
    'own-domain-sender': DENIED,
    'null-sender': DENIED,
    'percent-hack': DENIED,
    ...said,
  }
  const attempts = Object.entries(all).map(([form, what]) => (isAttempt(what) ? what : attempt(form, what)))
  return observations(attempts, rest)
}

/** What comes out: verdict, and reason or cause. */
function outcome(what: Observations): string {
  const { verdict, reason, cause } = judge(what)
  return [verdict, reason ?? cause].filter(Boolean).join(' ')
}

const no = (text: string) => ['250 ok', text]
const control = (...said: string[]) => ({ 'postmaster-control': said })
const random = (...said: string[]) => ({ 'random-local-control': said })

const BOUNCE = { kind: 'bounce', peer: '203.0.113.25', helo: '', received: null, receivedAt: '' } as const

const CASES: readonly (readonly [string, string, Observations])[] = [
  // Rule 1: open
  [
    'a message taken from an outside sender is open for everyone',
    'open everyone',
    standard({ 'outside-sender': RELAYED }),
  ],
  [
    'a message taken in the name of the own domain',
    'open own-domain-sender',
    standard({ 'own-domain-sender': RELAYED }),
  ],
  ['a message taken from the null sender', 'open null-sender', standard({ 'null-sender': RELAYED })],
  ['an existing own-domain sender', 'open own-domain-sender', standard({ 'own-domain-postmaster': RELAYED })],
  [
    'no cause where the outside sender was greylisted',
    'open',
    standard({ 'outside-sender': no('450 greylisted'), 'null-sender': RELAYED }),
  ],
  [
    'no cause where the outside sender was turned away for itself',
    'open',
    standard({ 'outside-sender': no('550 5.1.8 Domain of sender'), 'own-domain-sender': RELAYED }),
  ],
  [
    'open outweighs whatever else happened',
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
    'a content refusal leaves it undecided',
    'inconclusive content-refused',
    standard({ 'outside-sender': [...TAKEN, ...TAKEN, '354 go', '554 5.7.1 spam'] }),
  ],
  [
    'a deferral at the dot leaves it undecided',
    'inconclusive server-trouble',
    standard({ 'outside-sender': [...TAKEN, ...TAKEN, '354 go', '451 later'] }),
  ],
  [
    'a bare 2xx to RCPT is no proof',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': TAKEN }, { proof: 'recipient' }),
  ],
  [
    'nor is a message that was cut off',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': attempt('outside-sender', TAKEN, 'dropped') }),
  ],
  // Rule 3: ambiguous forms
  ['an ambiguous form taken at RCPT', 'inconclusive ambiguous-accepted', standard({ 'percent-hack': TAKEN })],
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
    'unknown user with a postmaster that is taken is closed',
    'closed',
    standard({ 'outside-sender': no('550 Invalid recipient'), ...control(...TAKEN) }),
  ],
  [
    'a bare 550 is closed where postmaster is taken and an unknown user is refused in other words',
    'closed',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN), ...random(...no('550 5.1.1 User unknown')) }),
  ],
  [
    'a bare 550 for a random user as well may be a ban that spares postmaster',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN), ...random(...no('550 no')) }),
  ],
  [
    'a bare 550 without that random user proves nothing',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 no'), ...control(...TAKEN) }),
  ],
  [
    'a second form that is refused for no reason may be the beginning of a ban',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 Access denied'), ...control(...no('550 Access denied')) }),
  ],
  [
    'and is fine where the outside sender is refused afterwards as it was before',
    'closed',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': DENIED }),
  ],
  [
    'but not where it is refused in other words then',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': no('550 go away') }),
  ],
  [
    'nor where it is taken then',
    'inconclusive recipient-accepted',
    standard({ 'null-sender': no('550 no bounces'), 'outside-sender-again': TAKEN }),
  ],
  [
    'nor where that had no answer',
    'inconclusive dropped',
    standard({
      'null-sender': no('550 no bounces'),
      'outside-sender-again': attempt('outside-sender-again', [], 'dropped'),
    }),
  ],
  [
    'nor where the outside sender itself was refused in words of another kind',
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
    'an outside recipient that is "unknown" to a later form may be a ban',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('550 5.1.1 mailbox unavailable') }),
  ],
  [
    'an ambiguous one that is refused without a reason too',
    'inconclusive vantage-blocked',
    standard({ 'percent-hack': no('550 no') }),
  ],
  [
    'silence and nothing else is a timeout',
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
    'a bounce is no relay',
    'inconclusive accepted-then-bounced',
    standard({ 'outside-sender': { ...attempt('outside-sender', RELAYED), seen: BOUNCE }, 'own-domain-sender': TAKEN }),
  ],
  [
    'a bare 550 with a postmaster that is refused as well is about us',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 no'), ...control(...no('550 no')) }),
  ],
  [
    'a bare 550 without a control proves nothing',
    'inconclusive vantage-blocked',
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
    'an outside sender refused for itself never counts',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': ['550 5.1.8 bad sender'], ...control(...TAKEN) }),
  ],
  [
    'a failed sender verification never counts',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('550 Sender verify failed'), ...control(...TAKEN) }),
  ],
  [
    'a blocklisted vantage never counts',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('554 blocked using a list'), ...control(...TAKEN) }),
  ],
  [
    'a policy refusal never counts',
    'inconclusive vantage-blocked',
    standard({ 'outside-sender': no('554 5.7.1 no'), ...control(...TAKEN) }),
  ],
  ['greylisting is no closed', 'inconclusive greylisted', standard({ 'outside-sender': no('450 4.2.0 greylisted') })],
  ['throttling is no closed', 'inconclusive throttled', standard({ 'outside-sender': ['421 too many connections'] })],
  [
    'STARTTLS first is no closed',
    'inconclusive tls-required',
    standard({ 'outside-sender': ['530 Must issue a STARTTLS command first'] }),
  ],
  [
    'a temporary problem is no closed',
    'inconclusive server-trouble',
    standard({ 'outside-sender': no('451 4.3.0 trouble') }),
  ],
  // Rule 4b: the other plain forms
  ['SPF protection of the own domain is fine', 'closed', standard({ 'own-domain-sender': ['550 5.7.23 SPF fail'] })],
  [
    'a null sender that is refused is fine',
    'closed',
    standard({ 'null-sender': ['550 no bounces'], 'outside-sender-again': DENIED }),
  ],
  ['syntax on another form is fine', 'closed', standard({ 'percent-hack': no('501 5.1.3 syntax') })],
  [
    'an unknown own-domain sender is fine',
    'closed',
    standard({ 'own-domain-sender': no('550 5.1.0 Sender: User unknown'), 'own-domain-postmaster': DENIED }),
  ],
  [
    'a blocklisted other form is not',
    'inconclusive vantage-blocked',
    standard({ 'null-sender': no('554 blocked using a list') }),
  ],
  [
    'a form that was not run is not',
    'inconclusive dropped',
    standard({ 'null-sender': attempt('null-sender', [], 'dropped') }),
  ],
  ['a form without a reason is not', 'inconclusive dropped', standard({ 'null-sender': attempt('null-sender', []) })],
  // Rule 4c: the domain
  [
    'a domain from the greeting is not certain',
    'inconclusive domain-unknown',
    standard({}, { domainSource: 'greeting' }),
  ],
  [
    'an unknown domain is not certain',
    'inconclusive domain-unknown',
    standard({}, { domain: null, domainSource: null }),
  ],
  [
    'yet an open server needs no domain',
    'open everyone',
    standard({ 'outside-sender': RELAYED }, { domain: null, domainSource: null }),
  ],
  // Rule 5: one reason, the first that fits
  [
    'interrupted comes first',
    'inconclusive interrupted',
    standard({ 'outside-sender': TAKEN, 'null-sender': attempt('null-sender', [], 'interrupted') }),
  ],
  [
    'what the server took comes before what it refused',
    'inconclusive recipient-accepted',
    standard({ 'outside-sender': TAKEN, 'null-sender': no('450 greylisted') }),
  ],
  [
    'a greeting that refuses',
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
    'a greeting of too many connections',
    'inconclusive throttled',
    observations([attempt('outside-sender', [], 'greeting-refused')], {
      turnedAway: { reply: replyOf('421 too many connections'), at: [1] },
    }),
  ],
  ['no attempts at all', 'inconclusive deadline', observations([])],
]

for (const [name, expected, what] of CASES) {
  test(`${name}: ${expected}`, () => assert.equal(outcome(what), expected))
}

for (const why of ['connection-refused', 'unreachable', 'protocol-error', 'dropped', 'deadline'] as const) {
  test(`a test that found nothing but ${why} says so`, () => {
    assert.equal(outcome(standard({ 'outside-sender': attempt('outside-sender', [], why) })), `inconclusive ${why}`)
  })
}

test('the deciding lines are those of the replies that decided', () => {
  const open = judge(standard({ 'outside-sender': RELAYED }))
  assert.deepEqual(open.decisive, [1, 3, 4, 5], 'every reply but those to MAIL')
  assert.deepEqual(judge(standard({})).decisive, [1, 1, 1, 1])
  assert.deepEqual(judge(standard({ 'percent-hack': TAKEN })).decisive, [1])
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

test('never open without a message taken, never closed without a proper refusal, and always a sentence', () => {
  fc.assert(
    fc.property(
      fc.array(anyAttempt, { maxLength: 8 }),
      fc.constantFrom('customer', 'greeting', null),
      (attempts, domainSource) => {
        const what = observations(attempts, { domainSource })
        const judgement = judge(what)
        const took = attempts.some(({ exchanges }) =>
          exchanges.some(({ phase, reply }) => phase === 'dot' && reply.code === 250),
        )
        if (judgement.verdict === 'open') assert.ok(took)
        if (judgement.verdict === 'closed') {
          assert.equal(domainSource, 'customer')
          assert.ok(
            attempts.some(
              ({ form, exchanges }) => form.id === 'outside-sender' && exchanges.some(({ reply }) => reply.code >= 500),
            ),
          )
          assert.ok(judgement.rows.every(({ attempt: { form }, outcome: said }) => said === 'refused' || form.control))
        }
        if (judgement.verdict === 'inconclusive') assert.ok(REASONS.includes(judgement.reason))
        assert.match(summarise(judgement, what, resultWith()), /^[A-Z][^{}]*\.$/)
      },
    ),
    { numRuns: 5_000 },
  )
})

test('a server that never greets is told apart from one that is slow', () => {
  const attempts = ['outside-sender', 'null-sender'].map((form) => attempt(form, [], 'deadline'))
  const sentence = (what: Observations) => [judge(what).reason, summarise(judge(what), what, resultWith())]
  const [silence, slowness] = [observations(attempts, { greeting: null }), observations(attempts)]
  assert.deepEqual(sentence(silence), [
    'deadline',
    'The server accepts connections but says nothing: no greeting came in time.',
  ])
  assert.deepEqual(sentence(slowness), ['deadline', 'The server answered too slowly for a whole test.'])
})
