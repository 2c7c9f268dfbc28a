/** The software that is recognised from texts of real servers. No text takes long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recognise, type ServerTexts, SOFTWARE_PATTERNS } from '../../src/relay/software.ts'

const BARE: ServerTexts = { greeting: 'mail.example.com ESMTP', extensions: [], replies: [] }
const known = (shown: Partial<ServerTexts>) => {
  const found = recognise({ ...BARE, ...shown })
  return found && [found.name, found.version]
}

const GREETINGS: readonly (readonly [string, string, string | null])[] = [
  ['mail.example.com ESMTP Postfix (Debian/GNU)', 'Postfix', null],
  ['mail.example.com ESMTP Postfix', 'Postfix', null],
  ['mail.example.com ESMTP Postfix (3.7.11)', 'Postfix', '3.7.11'],
  ['mail.example.com ESMTP mail.example.com ESMTP Postfix', 'Postfix', null],
  ['mail.example.com ESMTP Zimbra', 'Zimbra', null],
  ['mail.example.com ESMTP Exim 4.96 Tue, 24 Nov 2026 07:00:00 +0000', 'Exim', '4.96'],
  ['mail.example.com ESMTP Exim 4.98.2-1 #2 Tue, 24 Nov 2026 We do not authorize bulk mail', 'Exim', '4.98.2-1'],
  ['mail.example.com ESMTP Sendmail 8.17.1.9/8.17.1.9; Tue, 24 Nov 2026 07:00:00 GMT', 'Sendmail', '8.17.1.9'],
  ['mail.example.com ESMTP Sendmail AIX5.3/8.11.6p2; Tue, 24 Nov 2026', 'Sendmail', '8.11.6p2'],
  ['mail.example.com ESMTP Sendmail ready at Tue', 'Sendmail', null],
  ['mail.example.com ESMTP OpenSMTPD', 'OpenSMTPD', null],
  ['[mail.example.com] Courier Mail Server 0.65 ESMTP service ready', 'Courier', '0.65'],
  ['mail.example.com ESMTP Haraka/2.8.27 ready', 'Haraka', '2.8.27'],
  ['mail.example.com ESMTP Haraka 0.7 ready (0C9A6B3D)', 'Haraka', '0.7'],
  [
    'BL2NAM06FT004.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready at Thu, 26 Sep 2019 10:51:20 +0000',
    'Exchange Online',
    null,
  ],
  [
    'mail.example.com ESMTP Server (Microsoft Exchange Internet Mail Service 5.5.2651.58) ready',
    'Exchange',
    '5.5.2651.58',
  ],
  [
    'mail.example.com ESMTP Server (Microsoft Exchange Internet Mail Connector 4.0.994.63) ready',
    'Exchange',
    '4.0.994.63',
  ],
  [
    'mail.example.com Microsoft ESMTP MAIL Service, Version: 6.0.3790.4675 ready at  Tue, 24 Nov 2026',
    'Windows SMTP Service',
    '6.0.3790.4675',
  ],
  ['mail.example.com Microsoft ESMTP MAIL Service ready at Sat, 15 Apr 2017 15:44:13 -0700', 'Exchange', null],
  ['mail.example.com Microsoft ESMTP MAIL service ready at Tue', 'Exchange', null],
  ['mail.example.com ESMTP hMailServer 5.6.8-B2574', 'hMailServer', '5.6.8-B2574'],
  ['mail.example.com Stalwart ESMTP at your service', 'Stalwart', null],
  [
    'mail.example.com SMTP Server (JAMES SMTP Server 2.3.2) ready Sun, 30 Jul 2023 23:59:26 +0200 (CEST)',
    'Apache James',
    '2.3.2',
  ],
  ['mail.example.com ESMTP Service (Lotus Domino Release 8.5.3FP1) ready at Mon, 26 Aug 2013', 'Domino', '8.5.3FP1'],
  ['mail.example.com ESMTP Service (HCL Domino Release 11.0.1) ready at Tue', 'Domino', '11.0.1'],
  ['mail.example.com ESMTP MailEnable Service, Version: 10.55-- ready at 03/01/26 09:28:32', 'MailEnable', '10.55'],
  ['mail.example.com ESMTP MailEnable Service, Version: 0--8.5 ready at 03/01/26 09:28:32', 'MailEnable', '8.5'],
  ['mail.example.com ESMTP MDaemon 13.5.2; Tue, 24 Nov 2026 07:00:00 +0000', 'MDaemon', '13.5.2'],
  ['mail.example.com Kerio Connect 9.4.1 ESMTP ready', 'Kerio Connect', '9.4.1'],
  ['mail.example.com ESMTP IceWarp 11.4.6.0 x64; Tue, 22 May 2018 15:53:07 +0200', 'IceWarp', '11.4.6.0'],
  ['X1 NT-ESMTP Server mail.example.com (IMail 8.22 12345-1)', 'IMail', '8.22'],
  ['mail.example.com GroupWise Internet Agent 7.0.3 Copyright (c) Novell, Inc.', 'GroupWise', '7.0.3'],
  ['mail.example.com ESMTP CommuniGate Pro 6.2.3', 'CommuniGate Pro', '6.2.3'],
  ['mail.example.com (PowerMTA(TM) v3.2r4) ESMTP service ready', 'PowerMTA', '3.2r4'],
  ['mail.example.com Mercury/32 v4.62 ESMTP server ready.', 'Mercury', '4.62'],
  ['mail.example.com Axigen ESMTP ready', 'Axigen', null],
  ['*****************************2******200**0*********0*00', 'Cisco PIX or ASA inspection', null],
]

for (const [greeting, name, version] of GREETINGS) {
  test(`"${greeting}" is ${name}`, () => assert.deepEqual(known({ greeting }), [name, version]))
}

const HABITS: readonly (readonly [Partial<ServerTexts>, string])[] = [
  [
    { greeting: 'mail.example.com ESMTP Postfix', replies: ['4.3.2 Service currently unavailable'] },
    'Postfix postscreen',
  ],
  [
    {
      greeting: 'mail.example.com ESMTP Postfix',
      replies: ['5.7.1 Service unavailable; client [198.51.100.7] blocked using dnsbl.example'],
    },
    'Postfix postscreen',
  ],
  [{ extensions: ['SIZE 52428800', 'PIPECONNECT'] }, 'Exim'],
  [{ extensions: ['X_PIPE_CONNECT'] }, 'Exim'],
  [{ extensions: ['XVERP=Courier', 'XEXDATA'] }, 'Courier'],
  [{ extensions: ['SIZE', 'X-ANONYMOUSTLS'] }, 'Exchange'],
  [{ extensions: ['SIZE 50000000', 'XXXXXXXA'] }, 'Cisco PIX or ASA inspection'],
  [{ replies: ["sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"] }, 'qmail'],
  [{ replies: ['ok', 'flushed'] }, 'qmail'],
  [{ replies: ['ok 1763967600 qp 4711'] }, 'qmail'],
  [{ replies: ['mail.example.com Hello [198.51.100.7], Haraka is at your service.'] }, 'Haraka'],
  [{ replies: ['Delivery is not allowed to this address.'] }, 'hMailServer'],
  [{ replies: ['mail.example.com Nice to meet you, [198.51.100.7]'] }, 'smtp-server'],
  [{ replies: ['5.1.8 Non-local sender domain (msg ID = 3cd6abd7)'] }, 'maddy'],
  [{ replies: ['2.1.5 Destination address valid: Recipient ok'] }, 'OpenSMTPD'],
  [{ replies: ['5.7.1 <a@b.example>... Relaying denied'] }, 'Sendmail'],
  [{ replies: ['mail.example.com [198.51.100.7], this server offers 4 extensions'] }, 'MailEnable'],
]

for (const [shown, name] of HABITS) {
  test(`${JSON.stringify(shown)} is ${name}`, () => assert.deepEqual(known(shown)?.[0], name))
}

const UNKNOWN: readonly Partial<ServerTexts>[] = [
  {},
  { greeting: 'postfix.example.com ESMTP' },
  { greeting: 'exim.example.com ESMTP ready' },
  { greeting: 'zimbra.example.com ESMTP ready' },
  { greeting: 'mail.protection.outlook.com.example ESMTP' },
  { greeting: 'mail.example.com ESMTP *** no spam ***' },
  { greeting: '2026' },
  { greeting: 'mail.example.com ESMTP Service Ready' },
  { extensions: ['PIPELINING', 'SIZE 10240000', 'XCLIENT', 'AUTH PLAIN LOGIN'] },
  { replies: ['2.1.0 Ok', '5.7.1 Relaying denied', 'ok'] },
]

for (const shown of UNKNOWN) {
  test(`${JSON.stringify(shown)} is no software that we know`, () => assert.equal(known(shown), null))
}

test('the name in a greeting counts more than a text that another software uses', () => {
  assert.deepEqual(known({ greeting: 'mail.example.com ESMTP Haraka 3.0 ready', replies: ['flushed'] }), [
    'Haraka',
    '3.0',
  ])
})

test('no pattern has a quantifier inside a quantifier', () => {
  for (const { source } of SOFTWARE_PATTERNS) assert.doesNotMatch(source, /[+*}]\)[+*{]/)
})

test('long lines take little time', () => {
  for (const piece of ['*', 'ESMTP Sendmail AIX', '1', 'Version: 0--', ' ', '(Lotus Domino ', 'X', 'ok 1 qp ']) {
    const line = piece.repeat(100_000 / piece.length)
    assert.doesNotThrow(() => recognise({ greeting: `${line}!`, extensions: [`${line}!`], replies: [`${line}!`] }))
  }
})
