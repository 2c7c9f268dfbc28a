/** Families of refusals: texts of the same kind as those of the table, in other words and languages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Refusal } from '../../src/contract/words.ts'
import { assess } from '../../src/relay/assess.ts'
import type { Stage } from '../../src/relay/attempt.ts'
import { formOf } from '../../src/relay/forms.ts'
import { classify, type ReplyContext } from '../../src/relay/refusals.ts'
import { type Reply, ReplyParser } from '../../src/smtp/reply.ts'
import {
  ABOUT_OUR_DOMAIN_AT_MAIL,
  ABOUT_US_WITHOUT_RELAYING,
  BANS_ABROAD,
  DENIALS,
  DENIALS_ABROAD,
  LATER,
  NEXT_HOP_REFUSED,
  NO_ROUTE,
  NO_USERS_ABROAD,
  NOW,
} from './kinds-of-texts.ts'
import { ABOUT_US, FAMILIES } from './refused-texts.ts'

const RCPT: ReplyContext = {
  stage: 'rcpt',
  sender: 'outside',
  names: ['relaytest.isp.example', 'isp.example', '198.51.100.7', 'target.example'],
}

/** Returns the reply that a server sends as these bytes. */
function replyOf(text: string, encoding: BufferEncoding = 'utf8'): Reply {
  const event = new ReplyParser().push(Buffer.from(`${text}\r\n`, encoding)).find(({ kind }) => kind === 'reply')
  assert.ok(event?.kind === 'reply', text)
  return event.reply
}

for (const [family, refusals, texts] of FAMILIES) {
  for (const text of texts) {
    test(`${family}: ${text}`, () => {
      const { refusal, basis } = classify(replyOf(text), RCPT)
      assert.ok(refusals.includes(refusal), refusal)
      assert.notEqual(basis, 'none')
    })
  }
}

const NEVER: ReadonlySet<Refusal> = new Set<Refusal>(['relay-denied', 'auth-required', 'unknown-user'])

test('the lists of texts about us have more than 250 texts', () =>
  assert.ok(ABOUT_US.length + ABOUT_US_WITHOUT_RELAYING.length > 250))

for (const text of [...ABOUT_US, ...ABOUT_US_WITHOUT_RELAYING, ...BANS_ABROAD]) {
  test(`about us or now: ${text}`, () => {
    const { refusal } = classify(replyOf(text), RCPT)
    assert.ok(!NEVER.has(refusal), refusal)
  })
}

for (const text of ABOUT_OUR_DOMAIN_AT_MAIL) {
  test(`at MAIL, words without "relay" are about our sender: ${text}`, () => {
    const { refusal } = classify(replyOf(text), { ...RCPT, stage: 'mail' })
    assert.ok(!NEVER.has(refusal), refusal)
  })
}

for (const text of [...DENIALS, ...DENIALS_ABROAD]) {
  test(`denies relaying: ${text}`, () => {
    const { refusal } = classify(replyOf(text), { ...RCPT, recipient: 'plain' })
    assert.match(refusal, /^(relay-denied|auth-required)$/)
  })
}

for (const text of NOW) {
  test(`is true only now: ${text}`, () => {
    assert.match(classify(replyOf(text), RCPT).refusal, /^(greylisted|server-trouble)$/)
  })
}

for (const text of NO_USERS_ABROAD) {
  test(`refuses the recipient: ${text}`, () => {
    assert.deepEqual(classify(replyOf(text), RCPT), { refusal: 'unknown-user', basis: 'words' })
  })
}

for (const text of LATER) {
  test(`asks us to come back: ${text}`, () => assert.equal(classify(replyOf(text), RCPT).refusal, 'greylisted'))
}

for (const text of NEXT_HOP_REFUSED) {
  for (const stage of ['rcpt', 'dot'] as const) {
    test(`at ${stage}, no refusal of this server: ${text}`, () => {
      const { refusal } = classify(replyOf(text), { ...RCPT, stage, recipient: 'plain' })
      assert.ok(!NEVER.has(refusal), refusal)
    })
  }
}

for (const text of NO_ROUTE) {
  test(`found no route to our domain: ${text}`, () => {
    const { refusal } = classify(replyOf(text), { ...RCPT, recipient: 'plain' })
    assert.match(refusal, /^(vantage-identity|server-trouble|greylisted)$/)
  })
}

test('an ambiguous or a local recipient without a route is an unknown user', () => {
  for (const recipient of ['ambiguous', 'local'] as const) {
    for (const text of ['550 Unrouteable address', '550 5.1.2 Recipient address rejected: Domain not found']) {
      assert.equal(classify(replyOf(text), { ...RCPT, recipient }).refusal, 'unknown-user')
    }
  }
})

/** Judges a form whose commands got these replies. */
function assessed(form: string, ...said: readonly (readonly [Stage, string])[]) {
  const exchanges = said.map(([stage, text], index) => ({ stage, reply: replyOf(text), at: [index] }))
  const envelope = { mailFrom: null, rcptTo: null, connection: 1, node: null, seen: null, why: null }
  return assess({ form: formOf(form), exchanges, ...envelope }, RCPT.names)
}

test('a form is judged by its own recipient, by the words of its own server, and by what the dot says', () => {
  const unrouteable = ['rcpt', '550 Unrouteable address'] as const
  assert.equal(assessed('outside-sender', ['mail', '250 ok'], unrouteable).refusal, 'vantage-identity')
  assert.equal(assessed('percent-hack', ['mail', '250 ok'], unrouteable).refusal, 'unknown-user')
  const taken = [
    ['mail', '250 ok'],
    ['rcpt', '250 ok'],
    ['data', '354 go'],
  ] as const
  const hop = assessed('outside-sender', ...taken, ['dot', '554 upstream mx refused: relay access denied'])
  assert.deepEqual([hop.refusal, hop.refusedLater], ['content', true])
  const own = assessed('outside-sender', ...taken, ['dot', '554 relay access denied'])
  assert.deepEqual([own.refusal, own.refusedLater], ['relay-denied', false])
  const trash = assessed('outside-sender', ...taken, ['dot', '250 moved to trash'])
  assert.deepEqual([trash.outcome, trash.refusal], ['refused', 'content'])
})

test('a 421 is about the connection, whatever its enhanced code', () => {
  for (const text of [
    '4.7.0 one transaction per connection',
    '4.7.0 mail.example.com closing connection',
    '4.2.1 bye',
  ]) {
    for (const stage of ['mail', 'rcpt'] as const) {
      assert.equal(classify(replyOf(`421 ${text}`), { ...RCPT, stage }).refusal, 'throttled', text)
    }
  }
  assert.equal(classify(replyOf('450 4.7.0 hm'), RCPT).refusal, 'greylisted')
})

test('a code that means nothing counts for no less than no code', () => {
  for (const text of [...FAMILIES.flatMap(([, , texts]) => texts), ...ABOUT_US, '550 no', '554 go away', '550 Nein']) {
    const code = text.slice(0, 3)
    const words = replyOf(text).words.replace(/^[245]\.\d+\.\d+ /, '')
    const bare = classify(replyOf(`${code} ${words}`), RCPT)
    for (const generic of code.startsWith('5') ? ['5.7.1', '5.7.0', '5.0.0', '5.5.0'] : ['4.0.0']) {
      for (const said of [
        `${code} ${generic} ${words}`,
        `${code} ${words} (#${generic})`,
        `${code} ${words} [${generic}]`,
      ]) {
        assert.deepEqual(classify(replyOf(said), RCPT), bare, said)
      }
    }
  }
})

test('words are judged as they were sent: in UTF-8 and in Latin-1, in capitals, over many lines, behind much text', () => {
  const says = (reply: Reply) => classify(reply, RCPT).refusal
  assert.equal(says(replyOf('550 Retransmission refus\u00e9e', 'latin1')), 'relay-denied')
  assert.equal(says(replyOf('550 RETRANSMISSION REFUS\u00c9E')), 'relay-denied')
  assert.equal(says(replyOf('550 retransmission refusee')), 'relay-denied')
  assert.equal(says(replyOf('550-Relaying\r\n550-is not\r\n550 permitted')), 'relay-denied')
  const much = `550-${'This system is monitored. '.repeat(100)}\r\n`.repeat(5)
  assert.equal(says(replyOf(`${much}550 relay access denied`)), 'relay-denied')
  assert.equal(says(replyOf(`${much}550-relay access denied\r\n${much}550 because you are blacklisted`)), 'blocklisted')
})

test('the reply says whether words, a code or neither decided', () => {
  const basisOf = (text: string) => classify(replyOf(text), RCPT).basis
  assert.equal(basisOf('550 relay access denied'), 'words')
  assert.equal(basisOf('550 5.1.1 hm'), 'code')
  assert.equal(basisOf('550 hm (#5.1.1)'), 'code')
  assert.equal(basisOf('551 hm'), 'code')
  assert.equal(basisOf('550 5.7.1 hm'), 'none')
  assert.equal(basisOf('550 hm'), 'none')
})

test('at the final dot, a code for an unknown user counts, and every other code means the message', () => {
  const atDot = (text: string) => classify(replyOf(text), { ...RCPT, stage: 'dot' }).refusal
  assert.equal(atDot('550 5.1.1 hm'), 'unknown-user')
  assert.equal(atDot('550 5.7.1 hm'), 'content')
  assert.equal(atDot('554 5.7.1 spam'), 'content')
  assert.equal(atDot('554 5.7.1 relaying denied'), 'relay-denied')
})

test('a 503 about the order of our commands is no refusal of us', () => {
  const texts = [
    'nested MAIL command',
    'MAIL FROM already given',
    'Duplicate MAIL FROM',
    'need MAIL FROM first',
    'RCPT first (#5.5.1)',
  ]
  for (const text of texts) assert.equal(classify(replyOf(`503 ${text}`), RCPT).refusal, 'syntax', text)
})
