import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Refusal } from '../../src/contract/words.ts'
import { type Context, classify, plainText } from '../../src/relay/refusals.ts'
import { type Reply, ReplyParser } from '../../src/smtp/reply.ts'

const NAMES = ['relaytest.isp.example', '198.51.100.7', 'example.com']
const RCPT: Context = { phase: 'rcpt', sender: 'outside', names: NAMES }

function replyOf(text: string): Reply {
  const events = new ReplyParser().push(Buffer.from(`${text}\r\n`, 'latin1'))
  const found = events.find((event) => event.kind === 'reply')
  assert.ok(found?.kind === 'reply', text)
  return found.reply
}

/** What real servers say, and what it is. Where a row needs another phase or sender than RCPT from outside, it says so. */
const SAID: readonly (readonly [Refusal, string, Partial<Context>?])[] = [
  ['relay-denied', '454 4.7.1 <a@b.example>: Relay access denied'],
  ['relay-denied', '554 5.7.1 <a@b.example>: Relay access denied'],
  ['relay-denied', '550 relay not permitted'],
  ['relay-denied', '550 5.7.1 <a@b.example>... Relaying denied. Proper authentication required.'],
  ['relay-denied', '550 5.7.1 <a@b.example>... Relaying denied. IP name lookup failed [198.51.100.7]'],
  ['relay-denied', '513 Relaying denied.'],
  ['relay-denied', '550 I cannot deliver mail for <a@b.example>'],
  ['relay-denied', "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"],
  ['relay-denied', '550 relaying prohibited.'],
  ['relay-denied', '550 5.7.1 Unable to relay for a@b.example'],
  ['relay-denied', '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain'],
  ['relay-denied', '550 5.7.64 TenantAttribution'],
  ['relay-denied', '550 Delivery is not allowed to this address.'],
  ['relay-denied', '550 5.1.2 Relay not allowed.'],
  ['relay-denied', '554 Relay rejected for policy reasons.'],
  ['relay-denied', '571 <a@b.example> We do not relay'],
  ['relay-denied', '550 not local host b.example, not a gateway'],
  ['relay-denied', '451 Open relay not allowed'],
  ['relay-denied', '550 5.7.0 Mail relay denied'],
  ['relay-denied', '553 sorry, relay of mail is not allowed'],
  ['relay-denied', '554 Refused. Sending to remote addresses (relaying) is not allowed'],
  ['relay-denied', '554 5.7.1 Relay access denied', { phase: 'dot' }],
  ['auth-required', '530 SMTP authentication is required.'],
  ['auth-required', '530 5.7.1 Must issue an AUTH command first', { phase: 'mail' }],
  [
    'auth-required',
    '503 This mail server requires authentication when attempting to send to a non-local e-mail address.',
  ],
  ['auth-required', '530 5.7.57 Client was not authenticated to send anonymous mail'],
  ['auth-required', '530 go away'],
  ['tls-required', '530 5.7.0 Must issue a STARTTLS command first', { phase: 'mail' }],
  ['blocklisted', '554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org'],
  ['blocklisted', '550 5.7.1 relay access denied: your host is on the DNSBL of the day'],
  ['blocklisted', '550 Your server is an open relay'],
  ['greylisted', '450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example'],
  ['greylisted', '450 4.3.2 Service currently unavailable'],
  ['greylisted', '451 4.7.1 Please try again later'],
  ['throttled', '421 4.3.2 Connection rate limit exceeded.', { phase: 'greeting' }],
  ['throttled', '452 4.5.3 Error: too many recipients'],
  ['throttled', '421 see you'],
  ['vantage-identity', '450 4.7.1 Client host rejected: cannot find your reverse hostname, [198.51.100.7]'],
  ['vantage-identity', '504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname'],
  ['vantage-identity', '450 4.7.1 Relaying temporarily denied. Cannot resolve PTR record for 198.51.100.7'],
  ['vantage-identity', '550 5.7.23 SPF validation failed'],
  ['vantage-identity', '550 Sender verify failed'],
  ['sender-rejected', '550 5.7.23 SPF validation failed', { sender: 'own' }],
  ['sender-rejected', '550 5.7.23 rejected', { sender: 'own' }],
  ['vantage-identity', '550 5.7.23 rejected'],
  [
    'sender-rejected',
    '553 5.1.8 <a@b.example>... Domain of sender address a@b.example does not exist',
    { phase: 'mail' },
  ],
  ['sender-rejected', '550 5.1.0 <a@b.example>: Sender address rejected: User unknown'],
  ['sender-rejected', '550 no', { phase: 'mail' }],
  [
    'unknown-user',
    '550 5.1.0 <a@example.com>: Sender address rejected: User unknown in local recipient table',
    { sender: 'own' },
  ],
  ['unknown-user', '550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in local recipient table'],
  ['unknown-user', '550 Invalid recipient: <a@b.example>'],
  ['unknown-user', '550 Unrouteable address'],
  ['unknown-user', "550 5.1.1 User doesn't exist"],
  ['unknown-user', '550 5.4.1 Recipient address rejected: Access denied'],
  ['syntax', '501 5.1.3 Recipient address syntax error'],
  ['syntax', '500 Invalid address'],
  ['policy', '550 restricted characters in address'],
  ['policy', '550 Administrative prohibition'],
  ['policy', '554 5.7.1 go away'],
  ['server-trouble', '451 4.3.0 Temporary lookup failure'],
  ['server-trouble', '452 4.3.1 Insufficient system storage'],
  ['server-trouble', '451 hm'],
  ['content', '554 5.7.1 spam', { phase: 'dot' }],
  ['content', '550 no', { phase: 'data' }],
  ['other', '550 no'],
]

for (const [refusal, text, context] of SAID) {
  const where = context ? ` (${Object.values(context).join(', ')})` : ''
  test(`${text}${where} is ${refusal}`, () => {
    assert.equal(classify(replyOf(text), { ...RCPT, ...context }), refusal)
  })
}

test('words in addresses and in names of ours or theirs mean nothing', () => {
  const names = [...NAMES, 'relaying.denied.example']
  const inName = replyOf(
    '550 relaying.denied.example says no to <relay.access.denied@isp.example>, relaytest.isp.example',
  )
  assert.equal(classify(inName, { ...RCPT, names }), 'other')
  assert.equal(plainText(inName, names), 'says no to ,')
})

test('the same words about two addresses are the same text', () => {
  const [a, b] = ['550 5.1.1 <a@example.com>: unknown', '550 5.1.1 <token@isp.example>: unknown'].map(replyOf)
  assert.ok(a && b)
  assert.equal(plainText(a, NAMES), plainText(b, NAMES))
})
