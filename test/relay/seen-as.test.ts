/** The address that a server writes down for us, in the dialects of mail servers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assess } from '../../src/relay/assess.ts'
import { formOf } from '../../src/relay/forms.ts'
import { addressesInHello, clientIn, isSourceLost, seenAs } from '../../src/relay/seen-as.ts'

const EHLO = 'relaytest.isp.example'

/** A Received field, and the addresses of the client that it names. */
const FIELDS: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'Postfix',
    'from relaytest.isp.example (vantage.isp.example [192.0.2.7]) by mail.example.com (Postfix) with ESMTP id AE3DA60 for <a@b.example>; Sat, 28 Nov 2026 12:00:00 +0000 (UTC)',
    ['192.0.2.7'],
  ],
  [
    'Postfix, no PTR, IPv6, in TLS',
    'from relaytest.isp.example (unknown [IPv6:2001:DB8:0::7]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) (No client certificate requested) by mail.example.com (Postfix) with ESMTPS id 1',
    ['2001:db8::7'],
  ],
  ['Postfix, EHLO literal', 'from [198.51.100.7] (unknown [172.17.0.1]) by mail.example.com (Postfix)', ['172.17.0.1']],
  ['Postfix, IPv6 literal', 'from [IPv6:2001:db8::7] (unknown [172.17.0.1]) by mail.example.com', ['172.17.0.1']],
  [
    'Exim without PTR',
    'from [192.0.2.7] (helo=relaytest.isp.example) by mail.example.com with esmtp (Exim 4.96) (envelope-from <a@b.example>) id 1',
    ['192.0.2.7'],
  ],
  [
    'Exim, its port too',
    'from [192.0.2.7] (port=40112 helo=relaytest.isp.example) by mail.example.com with esmtp',
    ['192.0.2.7'],
  ],
  [
    'Exim with PTR',
    'from vantage.isp.example ([192.0.2.7] helo=relaytest.isp.example) by mail.example.com with esmtp (Exim 4.96)',
    ['192.0.2.7'],
  ],
  [
    'Exim, PTR is our name',
    'from relaytest.isp.example ([192.0.2.7]) by mail.example.com with esmtp (Exim 4.96)',
    ['192.0.2.7'],
  ],
  [
    'Exim, port after it',
    'from relaytest.isp.example ([192.0.2.7]:40112) by mail.example.com with esmtp',
    ['192.0.2.7'],
  ],
  [
    'Exim, EHLO literal',
    'from [172.17.0.1] (helo=[198.51.100.7]) by mail.example.com with esmtp (Exim 4.96)',
    ['172.17.0.1'],
  ],
  ['Exim, IPv6', 'from [2001:db8::7] (helo=relaytest.isp.example) by mail.example.com with esmtp', ['2001:db8::7']],
  ['Exim, IPv6 literal', 'from [172.17.0.1] (helo=[IPv6:2001:db8::7]) by mail.example.com', ['172.17.0.1']],
  [
    'Sendmail',
    'from relaytest.isp.example (vantage.isp.example [192.0.2.7]) by mail.example.com (8.17.1/8.17.1) with ESMTP id 4AS for <a@b.example>',
    ['192.0.2.7'],
  ],
  [
    'Sendmail, forged',
    'from relaytest.isp.example (x.isp.example [192.0.2.7] (may be forged)) by mail.example.com (8.17.1)',
    ['192.0.2.7'],
  ],
  [
    'Sendmail, ident',
    'from relaytest.isp.example (IDENT:root@vantage.isp.example [192.0.2.7]) by mail.example.com (8.9.3)',
    ['192.0.2.7'],
  ],
  ['Sendmail, IPv6', 'from relaytest.isp.example ([IPv6:2001:db8::7]) by mail.example.com (8.17.1)', ['2001:db8::7']],
  [
    'qmail',
    'from unknown (HELO relaytest.isp.example) (192.0.2.7) by mail.example.com with SMTP; 28 Nov 2026 12:00:00 -0000',
    ['192.0.2.7'],
  ],
  [
    'qmail, ident',
    'from vantage.isp.example (HELO relaytest.isp.example) (root@192.0.2.7) by 0 with SMTP',
    ['192.0.2.7'],
  ],
  [
    'qmail, EHLO literal',
    'from unknown (HELO [198.51.100.7]) (172.17.0.1) by mail.example.com with SMTP',
    ['172.17.0.1'],
  ],
  [
    'qmail, IPv6',
    'from unknown (HELO relaytest.isp.example) (2001:db8::7) by mail.example.com with SMTP',
    ['2001:db8::7'],
  ],
  [
    'Exchange',
    'from relaytest.isp.example (192.0.2.7) by EX1.corp.example (10.1.2.3) with Microsoft SMTP Server (version=TLS1_2) id 15.1.2507.6; Sat, 28 Nov 2026',
    ['192.0.2.7'],
  ],
  [
    'Exchange, IPv6',
    'from relaytest.isp.example (2001:db8::7) by EX1.corp.example (2001:db8:1::3) with Microsoft SMTP Server',
    ['2001:db8::7'],
  ],
  [
    'Windows SMTP Service',
    'from relaytest.isp.example ([192.0.2.7]) by mail.example.com with Microsoft SMTPSVC(6.0.3790.4675)',
    ['192.0.2.7'],
  ],
  [
    'Haraka',
    'from relaytest.isp.example (vantage.isp.example [192.0.2.7]) by mail.example.com (Haraka/2.8.28) with ESMTP id 4A envelope-from <a@b.example>',
    ['192.0.2.7'],
  ],
  [
    'OpenSMTPD',
    'from relaytest.isp.example (<unknown> [192.0.2.7]) by mail.example.com (OpenSMTPD) with ESMTP id 5e',
    ['192.0.2.7'],
  ],
  [
    'OpenSMTPD, IPv6',
    'from relaytest.isp.example (vantage.isp.example [2001:db8::7]) by mail.example.com (OpenSMTPD)',
    ['2001:db8::7'],
  ],
  [
    'Courier',
    'from relaytest.isp.example (vantage.isp.example [::ffff:192.0.2.7]) by mail.example.com with ESMTP; Sat, 28 Nov',
    ['192.0.2.7'],
  ],
  [
    'Courier, a port',
    'from relaytest.isp.example (unknown [::ffff:192.0.2.7]:40112) by mail.example.com with ESMTP',
    ['192.0.2.7'],
  ],
  [
    'CommuniGate Pro',
    'from [192.0.2.7] (HELO relaytest.isp.example) by mail.example.com (CommuniGate Pro SMTP 6.3)',
    ['192.0.2.7'],
  ],
  [
    'Apache James',
    'from 192.0.2.7 (EHLO relaytest.isp.example) ([192.0.2.7]) by mail.example.com (JAMES SMTP Server)',
    ['192.0.2.7', '192.0.2.7'],
  ],
  [
    'a PTR that looks like an address',
    'from relaytest.isp.example (7.2.0.192.static.isp.example [192.0.2.7]) by mail',
    ['192.0.2.7'],
  ],
  ['no client', 'by mail.example.com (Postfix, from userid 65534) id 1; Sat, 28 Nov 2026', []],
  ['qmail, invoked', '(qmail 1234 invoked from network); 28 Nov 2026 12:00:00 -0000', []],
  ['only a name', 'from relaytest.isp.example by mail.example.com with ESMTP', []],
  ['only our own literal', 'from [198.51.100.7] by mail.example.com with ESMTP', []],
  ['an address that is none', 'from relaytest.isp.example (unknown [300.1.2.3]) by mail.example.com', []],
]

test('the client is read from a Received field in every dialect', () => {
  for (const [dialect, field, expected] of FIELDS) {
    assert.deepEqual(clientIn(field)?.addresses ?? [], expected, dialect)
  }
})

/** The first line of an EHLO reply, our name, and the addresses for us in it. */
const HELLOS: readonly (readonly [string, string, readonly string[]])[] = [
  ['mail.example.com Hello relaytest.isp.example [192.0.2.7]', EHLO, ['192.0.2.7']],
  ['mail.example.com Hello vantage.isp.example [192.0.2.7], pleased to meet you', EHLO, ['192.0.2.7']],
  ['mail.example.com Hello relaytest.isp.example [IPv6:2001:db8::7], pleased to meet you', EHLO, ['2001:db8::7']],
  ['mx.example.com at your service, [2001:db8::7]', EHLO, ['2001:db8::7']],
  ['EX1.corp.example Hello [192.0.2.7]', EHLO, ['192.0.2.7']],
  ['mail.example.com Hello vantage.isp.example [192.0.2.7]Haraka is at your service.', EHLO, ['192.0.2.7']],
  ['mail.example.com Hello [198.51.100.7] [172.17.0.1], pleased to meet you', '[198.51.100.7]', ['172.17.0.1']],
  ['mail.example.com Hello [198.51.100.7]', '[198.51.100.7]', []],
  ['[203.0.113.25] Hello relaytest.isp.example', EHLO, []],
  ['203.0.113.25 greets relaytest.isp.example', EHLO, []],
  ['mail.example.com', EHLO, []],
  ['', EHLO, []],
]

test('our address is read from the reply to EHLO', () => {
  for (const [line, ehlo, expected] of HELLOS) assert.deepEqual(addressesInHello(line, ehlo), expected, line)
})

const seenIn = (received: string | null, helloLine: string | null, vantage: readonly string[] = ['198.51.100.7']) => {
  const seen = { kind: 'message', peer: '203.0.113.25', helo: '', received, receivedAt: '', report: null } as const
  const attempt = {
    form: formOf('outside-sender'),
    mailFrom: 'a@b',
    rcptTo: 'c@d',
    connection: 1,
    node: 'mail.example.com',
    exchanges: [],
    seen,
    why: null,
  }
  return { rows: [assess(attempt, [])], vantage, helloLine, ehlo: EHLO }
}

const HIDDEN = 'from relaytest.isp.example (unknown [172.17.0.1]) by mail.example.com'

test('another address than ours shows that the server does not see who connects', () => {
  const cases = [
    [HIDDEN, null, '172.17.0.1', true],
    ['from relaytest.isp.example (unknown [198.51.100.7]) by mail.example.com', null, '198.51.100.7', false],
    // The Received field says more than the reply to EHLO.
    [HIDDEN, 'mail.example.com Hello x [198.51.100.7]', '172.17.0.1', true],
    [null, 'mail.example.com Hello x [172.17.0.1]', '172.17.0.1', true],
    [null, 'mail.example.com Hello x [198.51.100.7]', '198.51.100.7', false],
    [null, 'mail.example.com', null, false],
    // The server removed its own field, so that the first one is from its filter, or from the next server.
    ['from localhost (localhost [127.0.0.1]) by mail.example.com', null, null, false],
    ['from MAIL.example.com (mail.example.com [203.0.113.25]) by smarthost.example', null, null, false],
    [null, null, null, false],
  ] as const
  for (const [received, helloLine, address, lost] of cases) {
    const observed = seenIn(received, helloLine)
    assert.deepEqual([seenAs(observed), isSourceLost(observed)], [address, lost], received ?? helloLine ?? '')
  }
})

test('nothing is claimed if we do not know our own address', () => {
  const observed = seenIn(HIDDEN, null, [])
  assert.deepEqual([seenAs(observed), isSourceLost(observed)], ['172.17.0.1', false])
})

test('a hostile Received field is read in no time', () => {
  const started = performance.now()
  for (const piece of ['from ', '(', '[', 'helo=', ' by', '::ffff:', '1.2.3.4 ', ';'])
    clientIn(`from ${piece.repeat(1024 / piece.length)}`)
  assert.ok(performance.now() - started < 500)
})
