/** The refusals that texts of real servers are read as. No text takes long, or is read as its opposite. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REFUSALS, type Refusal } from '../../src/contract/words.ts'
import { plainText } from '../../src/relay/plain-text.ts'
import { TEXTS } from '../../src/relay/refusal-texts.ts'
import { classify, type ReplyContext } from '../../src/relay/refusals.ts'
import { type Reply, ReplyParser } from '../../src/smtp/reply.ts'
import fc from '../harness/fast-check.ts'
import * as KINDS from './kinds-of-texts.ts'
import { ABOUT_US, FAMILIES } from './refused-texts.ts'

const NAMES = ['relaytest.isp.example', '198.51.100.7', 'example.com']
const RCPT: ReplyContext = { stage: 'rcpt', sender: 'outside', names: NAMES }

function replyOf(text: string): Reply {
  const events = new ReplyParser().push(Buffer.from(`${text}\r\n`))
  const found = events.find((event) => event.kind === 'reply')
  assert.ok(found?.kind === 'reply', text)
  return found.reply
}

/** Replies of real servers and their meaning; a row names its stage and sender if they are not RCPT and outside. */
const SAID: readonly (readonly [Refusal, string, Partial<ReplyContext>?])[] = [
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
  ['relay-denied', '554 5.7.1 Relay access denied', { stage: 'dot' }],
  ['auth-required', '503 AUTH first (#5.5.1)'],
  ['auth-required', '503 You must login first'],
  ['auth-required', '550 POP before SMTP is required here'],
  ['greylisted', '550 greylisted, come back in five minutes'],
  [
    'greylisted',
    '450 4.1.7 <a@b.example>: Sender address rejected: unverified address: Address verification in progress',
    { sender: 'own' },
  ],
  ['auth-required', '530 SMTP authentication is required.'],
  ['auth-required', '530 5.7.1 Must issue an AUTH command first', { stage: 'mail' }],
  [
    'auth-required',
    '503 This mail server requires authentication when attempting to send to a non-local e-mail address.',
  ],
  ['auth-required', '530 5.7.57 Client was not authenticated to send anonymous mail'],
  ['policy', '530 go away'],
  ['blocklisted', '550 Relaying denied. Your host is temporarily banned'],
  ['blocklisted', '554 5.7.1 Relay access denied: client is in our deny list'],
  ['blocklisted', '550 Local Policy Violation, relay not allowed for hosts in quarantine'],
  ['blocklisted', '550 authentication required because your network is on our list'],
  ['vantage-identity', '550 Cannot verify sender, mx answered 550 Relaying denied'],
  ['other', '550 mx says: 550 relay not permitted'],
  ['tls-required', '530 encryption required', { stage: 'mail' }],
  ['tls-required', '530 TLS required', { stage: 'mail' }],
  ['sender-rejected', '550 Verification failed for <a@example.com>', { stage: 'mail', sender: 'own' }],
  ['vantage-identity', '550 Unrouteable address for sender'],
  ['vantage-identity', '450 undeliverable address for sender: host mx said: 554 5.7.1 Relay access denied'],
  ['content', '550 Message rejected: we do not relay spam', { stage: 'dot' }],
  ['tls-required', '530 5.7.0 Must issue a STARTTLS command first', { stage: 'mail' }],
  ['blocklisted', '554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org'],
  ['blocklisted', '550 5.7.1 relay access denied: your host is on the DNSBL of the day'],
  ['blocklisted', '550 Your server is an open relay'],
  ['greylisted', '450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example'],
  ['greylisted', '450 4.3.2 Service currently unavailable'],
  ['greylisted', '451 4.7.1 Please try again later'],
  ['throttled', '421 4.3.2 Connection rate limit exceeded.', { stage: 'greeting' }],
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
    { stage: 'mail' },
  ],
  ['sender-rejected', '550 5.1.0 <a@b.example>: Sender address rejected: User unknown'],
  ['sender-rejected', '550 no', { stage: 'mail' }],
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
  ['other', '554 5.7.1 go away'],
  ['server-trouble', '451 4.3.0 Temporary lookup failure'],
  ['server-trouble', '452 4.3.1 Insufficient system storage'],
  ['server-trouble', '451 hm'],
  ['content', '554 5.7.1 spam', { stage: 'dot' }],
  ['content', '550 no', { stage: 'data' }],
  ['other', '550 no'],
]

/** At least one text for every row of the table, as the server or document of that row has it. */
const SOURCES: readonly (readonly [Refusal, string, Partial<ReplyContext>?])[] = [
  ['relay-denied', '451 Open relay is not allowed'],
  ['content', '554 delivery to smarthost failed: relaying denied by smarthost', { stage: 'dot' }],
  ['relay-denied', '550 not an open relay, so get lost'],
  ['relay-denied', '550 5.7.1 <a@b.example>... Relaying denied. IP name possibly forged [198.51.100.7]'],
  ['relay-denied', '554 5.7.1 <a@b.example>: Recipient address rejected: Relay access denied'],
  ['relay-denied', '554 <a@b.example>: Relay access denied (maybe you need to check mail via POP3 first)'],
  ['relay-denied', '550 5.7.1 Requested action not taken: relaying denied'],
  ['relay-denied', '550 5.7.1 Relaying is denied'],
  ['relay-denied', '558 Relaying denied: domain not valid'],
  ['relay-denied', '550 relaying denied for <>'],
  ['relay-denied', '530 Relaying not allowed'],
  ['relay-denied', '550 RCPT TO:<a@b.example> Relaying not allowed - please use SMTP AUTH'],
  ['relay-denied', '501 This system is not configured to relay mail to <a@b.example> for 198.51.100.7'],
  ['relay-denied', '550 5.7.1 <a@b.example>... we do not relay'],
  ['relay-denied', '550 no relaying'],
  ['relay-denied', '550 5.7.1 relaying mail to b.example is not allowed'],
  ['relay-denied', "550 We don't handle mail for b.example"],
  ['relay-denied', '550 a.example is not permitted to relay through this server without authentication'],
  ['relay-denied', '550 You are not allowed to relay through this machine'],
  ['relay-denied', "553 sorry, you don't authenticate or the domain isn't in my list of allowed rcpthosts (#5.7.1)"],
  [
    'relay-denied',
    '550 5.7.64 TenantAttribution; Relay Access Denied [AM5EUR02FT017.eop-EUR02.prod.protection.outlook.com]',
  ],
  ...[
    '550 5.1.1 <a@b.example>: Recipient address rejected: undeliverable address: host mx.b.example[203.0.113.9] said: 550 5.1.1 no (in reply to RCPT TO command)',
    '450 4.1.1 <a@b.example>: Recipient address rejected: unverified address: connect to mx.b.example[203.0.113.9]:25: Connection refused',
    '550 mail for b.example loops back to myself',
    '550 Recipient verify failed',
    '550 Callback setup failed while verifying <a@b.example>',
    '550 Callout verification failed:',
    '550 Previous (cached) callout verification failure',
    '550 5.4.1 No answer from host',
    '550 5.4.7 delivery time expired',
    '550 Unable to connect to destination',
    '550 5.7.1 Recipient domain could not be found',
    '550 5.1.1 unknown host or domain',
    '550 The recipient cannot be verified. Please check all recipients of this message',
    '550 mx.b.example[203.0.113.9] says: relaying denied',
    '550 Remote: 550 5.7.1 relaying denied',
    '550 mx.b.example: 550 5.7.1 relaying denied',
    '550 5.1.1 rejected by the remote server',
    '552 5.2.2 Mailbox full',
    '554 Recipient domain refused by outbound policy',
    '550 DNS failure',
    '550 b.example has no mail servers',
  ].map((text) => ['vantage-identity', text, { recipient: 'plain' }] as const),
  [
    'vantage-identity',
    '550 5.1.2 <a>... Host unknown (Name server: b.example: host not found)',
    { recipient: 'ambiguous' },
  ],
  ['relay-denied', '550 mx7.provider.example: we do not relay', { recipient: 'plain' }],
  ['unknown-user', '550 Recipient verify failed', { recipient: 'ambiguous' }],
  ['unknown-user', '550 5.1.1 undeliverable address: host backend said: 550 5.1.1 no', { recipient: 'ambiguous' }],
  ['other', '550 rejected by the remote server', { recipient: 'ambiguous' }],
  ['unknown-user', '550 5.4.1 Recipient address rejected: Access denied', { recipient: 'plain' }],
  ...[
    '550 Relay nije dozvoljen',
    '550 Prosljeđivanje nije dopušteno',
    '550 Posredovanje ni dovoljeno',
    '550 Přeposílání zakázáno',
    '550 Reléování není povoleno',
    '550 Preposielanie nie je povolené',
    '550 Edelleenlähetys ei ole sallittu',
    '550 Relayering är inte tillåten',
    '550 Relay tidak diizinkan',
    '550 Релеј није дозвољен',
    '550 Препращането не е разрешено',
    '550 رله مجاز نیست',
    '550 रिले की अनुमति नहीं',
    '550 no relay',
    '550 Cannot send to external domain',
    "553 sorry, that domain isn't in my list",
  ].map((text) => ['relay-denied', text] as const),
  ['auth-required', '550 External recipients require login'],
  ['auth-required', '530 5.7.1 Authentication Required'],
  ['auth-required', '535 Authentication required.', { stage: 'mail' }],
  ['auth-required', '550 5.7.1 unauthenticated senders not allowed'],
  ['auth-required', '550 Authentication is required for relay'],
  ['tls-required', '400 STARTTLS is required first.', { stage: 'mail' }],
  ['tls-required', '450 4.7.1 Session encryption is required'],
  ['blocklisted', '550 5.7.1 Service unavailable; client [198.51.100.7] blocked using dnsbl.example'],
  [
    'blocklisted',
    '550 5.7.606 Access denied, banned sending IP [198.51.100.7]. To request removal from this list please visit https://sender.office.com/',
  ],
  ['blocklisted', '550 5.7.606 no'],
  ['blocklisted', '550 5.7.708 Access denied, traffic not accepted from this IP'],
  ['blocklisted', '550 Rejected: 198.51.100.7 listed at rbl.example'],
  [
    'blocklisted',
    '550-Open relay - see http://www.orbs.org/verify.php3?address=198.51.100.7\r\n550 mail from 198.51.100.7 rejected: administrative prohibition',
  ],
  ['blocklisted', '550 sender IP address 198.51.100.7 is locally blacklisted here'],
  ['blocklisted', '554 5.7.1 Blocked - see https://support.proofpoint.example/dnsbl-lookup.cgi?ip=198.51.100.7'],
  ['blocklisted', '554 Service unavailable; Client host [198.51.100.7] blocked using Barracuda Reputation'],
  ['blocklisted', '550 5.7.1 rejecting open proxy [198.51.100.7]'],
  ['blocklisted', '520 Connection not authorised from this address.', { stage: 'greeting' }],
  ['blocklisted', '553 sorry, your remotehost looks suspiciously like spammer (#5.7.1)'],
  ['blocklisted', '550 5.7.1 mail from 198.51.100.7 refused - see http://help.example/'],
  ['blocklisted', '550 5.7.1 Rejected: 198.51.100.7 listed at dul.example'],
  ['blocklisted', "554 Your access to this mail system has been rejected due to the sending MTA's poor reputation."],
  ['blocklisted', '554 5.7.1 Your access to submit messages to this e-mail system has been rejected.'],
  ['blocklisted', '554 5.7.1 <unknown[198.51.100.7]>: Client host rejected: Access denied'],
  ['blocklisted', '550 5.7.1 not currently accepting mail from your IP'],
  ['blocklisted', '550 5.7.1 not authorized to send email directly to our servers'],
  ['greylisted', '452 4.2.2 Greylisted, please try again in a few moments.'],
  ['greylisted', '451 Please try again later.'],
  ['throttled', '421 Too much load; please try again later.', { stage: 'greeting' }],
  ['throttled', '452 4.4.5 Rate limit exceeded, try again later.'],
  [
    'throttled',
    '421 4.7.0 [TSS04] Messages from 198.51.100.7 temporarily deferred due to unexpected volume or user complaints',
  ],
  ['throttled', '550 exceeds per-domain connection limit for b.example'],
  ['vantage-identity', '550 5.7.1 bogus HELO name used: relaytest.isp.example'],
  ['vantage-identity', '550 EHLO denied', { stage: 'hello' }],
  ['vantage-identity', '550 5.7.1 Fix reverse DNS for 198.51.100.7'],
  ['vantage-identity', '451 4.1.8 Client IP address 198.51.100.7 does not resolve'],
  ['vantage-identity', '451 4.1.8 Possibly forged hostname for 198.51.100.7'],
  ['vantage-identity', '550 [SPF] 198.51.100.7 is not allowed to send mail from isp.example'],
  ['vantage-identity', '550 5.7.515 Access denied, sending domain does not meet the required authentication level'],
  ['vantage-identity', '451 Could not complete sender verify callout'],
  ['vantage-identity', '550 5.7.20 no'],
  ['sender-rejected', '550 5.7.1 unauthenticated mail is refused by our DMARC handling', { sender: 'own' }],
  ['sender-rejected', '530 Sender rejected', { stage: 'mail' }],
  ['sender-rejected', '550 sender <a@b.example> denied', { stage: 'mail' }],
  ['sender-rejected', '553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)'],
  ['sender-rejected', '550 Sender address must be specified.', { stage: 'mail', sender: 'null' }],
  ['sender-rejected', '553 5.7.1 <a@example.com>: Sender address rejected: not logged in', { sender: 'own' }],
  ['unknown-user', '550 sorry, no mailbox here by that name. (#5.1.1)'],
  ['unknown-user', '550 5.1.2 Mailbox does not exist.'],
  ['unknown-user', '550 Requested action not taken: mailbox unavailable'],
  ['policy', '550 5.7.1 Delivery not authorized, message refused'],
  ['policy', '550 rejected for policy reasons'],
  ['server-trouble', '421 Local configuration error; please try again later.', { stage: 'greeting' }],
  ['server-trouble', '421 4.3.2 No system resources', { stage: 'greeting' }],
]

/**
 * Texts that mention relaying but are about us, texts that deny relaying but mention us, and texts that only look
 * similar.
 */
const LOOKALIKES: readonly (readonly [Refusal, string, Partial<ReplyContext>?])[] = [
  // These are about us, although they mention relays or authentication: never a closed server.
  ['blocklisted', '550 5.7.1 Relay denied: your host is blacklisted'],
  ['blocklisted', '550 Relaying denied, 198.51.100.7 is listed in relays.example'],
  ['blocklisted', '550 Mail from open relay refused'],
  ['blocklisted', '550 Open relay rejected'],
  ['blocklisted', '554 open relay testing is not allowed'],
  ['blocklisted', '550 Mail from relay [198.51.100.7] refused'],
  ['blocklisted', '550 your relay is not allowed'],
  ['blocklisted', '553 Mail from 198.51.100.7 refused: insecure relay denied'],
  ['blocklisted', '554 5.7.1 <unknown[198.51.100.7]>: Client host rejected: relay denied to spammers'],
  ['blocklisted', '550 host listed as an open relay, we do not relay for you'],
  [
    'blocklisted',
    "550-5.7.1 [198.51.100.7] The IP you're using to send mail is not authorized to\r\n550 5.7.1 send email directly to our servers. Please use the SMTP relay at your service provider instead.",
  ],
  ['blocklisted', '550 relay not permitted: dynamic IP address'],
  ['blocklisted', '550 Dynamic/zombied/spam IPs blocked, relaying denied'],
  ['blocklisted', '550 You are not allowed to connect, authentication required'],
  ['blocklisted', '554 Your access to this mail system has been rejected due to the sending MTA, relay rejected'],
  ['blocklisted', '550 relay not allowed because of poor reputation'],
  ['blocklisted', '550 no such user for clients in zen.spamhaus.example'],
  [
    'blocklisted',
    "550 5.7.1 Unfortunately, messages from [198.51.100.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
  ],
  ['vantage-identity', '550 relaying denied: no PTR record'],
  ['vantage-identity', '550 5.7.1 Relay access denied, fix your reverse DNS'],
  ['vantage-identity', '550 unresolvable relay host name'],
  ['vantage-identity', '550 Access denied. IP name lookup failed [198.51.100.7]'],
  ['vantage-identity', '550 invalid HELO, relay denied'],
  ['vantage-identity', '550 relay not permitted, Sender verify failed'],
  [
    'vantage-identity',
    '550-5.7.26 Your email is unauthenticated. Authentication is required\r\n550 5.7.26 with either SPF or DKIM.',
  ],
  ['vantage-identity', '550 sender domain authentication required'],
  ['sender-rejected', '530 5.7.1 sender denied, authentication required'],
  ['sender-rejected', '553 5.1.8 Domain of sender address does not exist, relaying denied'],
  ['throttled', '451 Too many recipients that are not permitted to relay'],
  ['throttled', '421 4.7.0 rate limited, relaying denied'],
  ['greylisted', '451 greylisted: relay access denied for now'],
  ['tls-required', '554 5.7.1 relay access denied before STARTTLS'],
  // These deny relaying, although they mention hosts and look-ups.
  ['relay-denied', '550 no relaying from your network'],
  ['relay-denied', '550 5.7.1 Unable to relay, no mail for hosts behind a VPN'],
  ['relay-denied', '550 relay not permitted for this client'],
  ['relay-denied', '550 greylisted no more: relaying denied'],
  ['relay-denied', '553 we do not relay, see our web site'],
  ['relay-denied', '451 4.7.1 relaying denied'],
  ['relay-denied', '550 user unknown here and relaying denied'],
  ['relay-denied', '503 relay not permitted', { stage: 'mail', sender: 'own' }],
  // These only look similar.
  ['other', '550 relayed'],
  ['other', '550 relay'],
  ['other', '550 please relay this to your administrator'],
  ['other', '550 the blocks are grey'],
  ['other', '550 we authenticate nobody'],
  ['other', '550 not allowed'],
  ['other', '550 prohibited'],
  ['other', '550 gateway closed'],
  ['other', '550 rejected'],
  ['unknown-user', '554 5.7.1 <a@b.example>: Recipient address rejected: Access denied'],
  ['other', '550 5.7.1 Access denied'],
  ['server-trouble', '451 4.4.3 Unable to verify address at this time.'],
  ['server-trouble', '550 5.3.2 Service currently unavailable'],
]

for (const [refusal, text, context] of [...SAID, ...SOURCES, ...LOOKALIKES]) {
  const where = context ? ` (${Object.values(context).join(', ')})` : ''
  test(`${text}${where} is ${refusal}`, () => {
    assert.equal(classify(replyOf(text), { ...RCPT, ...context }).refusal, refusal)
  })
}

test('words inside addresses, our names and their names mean nothing', () => {
  const names = [...NAMES, 'relaying.denied.example']
  const inName = replyOf(
    '550 relaying.denied.example says no to <relay.access.denied@isp.example>, relaytest.isp.example',
  )
  assert.deepEqual(classify(inName, { ...RCPT, names }), { refusal: 'other', basis: 'none' })
  assert.equal(plainText(inName, names), 'says no to ,')
})

test('every row of the table is the first match of some real text', () => {
  const met = new Set<unknown>()
  const texts = [...FAMILIES.flatMap(([, , family]) => family), ...ABOUT_US, ...Object.values(KINDS).flat()]
  const more = texts.flatMap((text) =>
    (['outside', 'own'] as const).map((sender): [null, string, Partial<ReplyContext>] => [null, text, { sender }]),
  )
  for (const [, text, context] of [...SAID, ...SOURCES, ...more]) {
    const { stage, sender, names, recipient } = { ...RCPT, recipient: 'plain' as const, ...context }
    const plain = plainText(replyOf(text), names)
    met.add(
      TEXTS.find(
        (row) =>
          row.text.test(plain) &&
          (!row.only?.temporary || text.startsWith('4')) &&
          (!row.only?.sender || row.only.sender === sender) &&
          (!row.only?.recipient || row.only.recipient === recipient) &&
          (!row.only?.stages || row.only.stages.includes(stage)),
      ),
    )
  }
  assert.deepEqual(
    TEXTS.filter((row) => !met.has(row)).map((row) => row.text.source),
    [],
  )
})

test('no text row has a quantifier inside a quantifier, or an unbounded one for any character', () => {
  for (const { text } of TEXTS) {
    assert.doesNotMatch(text.source, /[+*}]\)[+*{]/)
    assert.doesNotMatch(text.source, /\.[+*]/)
  }
})

test('every text is classified', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'relay',
      'relaying',
      'denied',
      'not',
      'open',
      'your',
      'sender',
      '<',
      '>',
      '[',
      ']',
      '@',
      '...',
      '5.7.1',
    ),
  )
  fc.assert(
    fc.property(fc.array(word), fc.integer({ min: 400, max: 599 }), (words, code) => {
      const reply = { code, enhanced: null, lines: [], words: words.join(' ') }
      assert.ok((REFUSALS as readonly string[]).includes(classify(reply, RCPT).refusal))
    }),
  )
})

test('long texts take little time: if it grew with the square of the length, this would run for hours', () => {
  const pieces = [
    '<',
    '[',
    '@',
    'a',
    'a@',
    ' ',
    '<[',
    '5.7.1 ',
    'relaying ',
    'client ip address ',
    'exceed ',
    'your access to ',
  ]
  for (const piece of pieces) {
    const reply = { code: 550, enhanced: null, lines: [], words: piece.repeat(1_000_000 / piece.length) }
    assert.equal(classify(reply, RCPT).refusal, /^(client|your) /.test(piece) ? 'blocklisted' : 'other')
  }
})
