/** Reading reports: what they say about our recipient, in every dialect, and that no message breaks the reader. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReport } from '../../src/mailbox/report.ts'
import { reportOn, shortOf } from '../../src/service/arrivals.ts'
import { cpuMsOf } from '../harness/cpu-time.ts'
import fc from '../harness/fast-check.ts'
import { DIALECTS, DOMAIN, type Failure, LOCAL, OUTSIDE, SENDER_TOKEN, TOKEN } from './reports.ts'

const NAMES = { domain: DOMAIN, token: SENDER_TOKEN }
const BEARER = { peer: '203.0.113.25', helo: 'mail.own.example' }
const read = (message: string) => readReport(Buffer.from(message, 'latin1'), NAMES, BEARER)
/** A report about an ambiguous form shows something else than one about a plain form. */
const shows = (message: string) => {
  const facts = shortOf(read(message))
  return { ambiguous: reportOn('percent-hack', facts), plain: reportOn('outside-sender', facts) }
}

const REMOTE: Failure = { recipient: OUTSIDE, remote: 'mx.isp.example', status: '5.7.1', words: 'not for us' }
const UNKNOWN: Failure = { recipient: LOCAL, remote: null, status: '5.1.1', words: 'User unknown' }

for (const [name, write] of Object.entries(DIALECTS)) {
  test(`${name}: the next server refused, so the server tried to relay`, () => {
    assert.deepEqual(shows(write(REMOTE)), { ambiguous: 'tried-to-relay', plain: 'tried-to-relay' })
  })

  test(`${name}: the next server refused the local spelling, so the server tried to relay`, () => {
    assert.deepEqual(shows(write({ ...REMOTE, recipient: LOCAL })), {
      ambiguous: 'tried-to-relay',
      plain: 'tried-to-relay',
    })
  })

  test(`${name}: the recipient was rewritten to the outside address, so the server tried to relay`, () => {
    const failure = { recipient: OUTSIDE, remote: null, status: '5.4.4', words: 'Host or domain name not found' }
    assert.equal(shows(write(failure)).ambiguous, 'tried-to-relay')
  })

  test(`${name}: the local spelling is an unknown user, so the recipient was local`, () => {
    for (const words of ['User unknown', 'unknown user: "x"', 'Unrouteable address', 'no mailbox here by that name']) {
      assert.deepEqual(shows(write({ ...UNKNOWN, words })), { ambiguous: 'was-local', plain: 'unclear' }, words)
    }
  })

  test(`${name}: another error of the local spelling says nothing`, () => {
    const failure = { recipient: LOCAL, remote: null, status: '5.2.2', words: 'Quota exceeded' }
    if (name !== 'Exchange') assert.equal(shows(write(failure)).ambiguous, 'unclear')
  })

  test(`${name}: the same in base64 and in quoted-printable, in capitals and with bare line feeds`, () => {
    for (const failure of [REMOTE, UNKNOWN]) {
      const expected = shows(write(failure))
      assert.deepEqual(shows(write(failure).replaceAll('\n', '\r\n')), expected)
      assert.deepEqual(shows(write({ ...failure, recipient: failure.recipient.toUpperCase() })), expected)
    }
  })
}

test('each way of writing our recipient as a local one is recognised', () => {
  for (const recipient of [
    `${TOKEN}%${DOMAIN}@[192.0.2.7]`,
    `"${OUTSIDE}"@own.example`,
    `${OUTSIDE}@own.example`,
    `${OUTSIDE}@`,
    `${DOMAIN}!${TOKEN}@own.example`,
    `@own.example:${OUTSIDE}`,
    `@[192.0.2.7]:${OUTSIDE}`,
    `"x@${DOMAIN},${OUTSIDE}"@own.example`,
    `IMCEASMTP-${TOKEN}+40${DOMAIN.replaceAll('.', '+2E')}@own.example`,
    `SRS0=abcd=AB=${DOMAIN}=${TOKEN}@own.example`,
  ]) {
    for (const [name, write] of Object.entries(DIALECTS)) {
      assert.equal(shows(write({ ...UNKNOWN, recipient })).ambiguous, 'was-local', `${name}: ${recipient}`)
    }
  }
})

test('only a failure is a report', () => {
  for (const write of [DIALECTS.Postfix, DIALECTS.Exim, DIALECTS.Sendmail]) {
    for (const action of ['delayed', 'delivered', 'relayed'] as const) {
      assert.equal(write && read(write({ ...UNKNOWN, action })).failed, false, action)
    }
    assert.equal(write && read(write(UNKNOWN)).failed, true)
  }
  for (const prose of [
    'Subject: Warning: message 1abcde-000 delayed 24 hours\n\nNo action is required on your part.',
    'Subject: x\n\nA message that you sent has not yet been delivered to one or more of its recipients',
    'Subject: x\n\n    ** THIS IS A WARNING MESSAGE ONLY **',
  ]) {
    assert.equal(read(prose).failed, false, prose)
  }
})

for (const [actions, failed] of [
  [[], true],
  [['Action: failed'], true],
  [['Action: delayed'], false],
  [['action:relayed', 'Action: delivered'], false],
  [['Action: delayed', 'Action: failed'], true],
] as const) {
  test(`a report that says ${actions.join(' and ') || 'nothing'} is ${failed ? 'a failure' : 'none'}`, () => {
    assert.equal(read(['Content-Type: multipart/report', '', ...actions].join('\r\n')).failed, failed)
  })
}

test('the returned copy of our message says nothing, whatever it contains', () => {
  const words = `Remote host said: 550\nFinal-Recipient: rfc822; ${OUTSIDE}`
  for (const type of ['message/rfc822', 'text/rfc822-headers', 'message/global', 'application/octet-stream']) {
    const copy = `Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: ${type}\n\nSubject: x\n\n${words}\n--b--`
    assert.equal(shows(copy).ambiguous, 'unclear', type)
  }
  for (const begins of [
    '--- Below this line is a copy of the message.',
    '------ This is a copy of the headers of the message ------',
    '   ----- Original message follows -----',
    'Return-Path: <a@b>',
    '> Received: from a',
  ]) {
    assert.equal(shows(`Subject: x\n\nSorry.\n\n${begins}\n${words}`).ambiguous, 'unclear', begins)
  }
})

test('a report in another charset or language is read by its fields', () => {
  const german = `Content-Type: multipart/report; boundary=b

--b
Content-Type: text/plain; charset=utf-16
Content-Transfer-Encoding: base64

${Buffer.from('Empfänger unbekannt', 'utf16le').toString('base64')}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; own.example

Final-Recipient: rfc822; ${LOCAL}
Action: failed
Status: 5.1.1
--b--`
  assert.equal(shows(german).ambiguous, 'was-local')
})

test('a report that is nested a hundred deep, cut off anywhere, or full of anything, is read in little time', () => {
  const nested = Array.from({ length: 100 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`)
  assert.equal(shows(`${nested.join('')}\n\n${DIALECTS.Postfix?.(REMOTE)}`).ambiguous, 'unclear')
  const whole = DIALECTS.Postfix?.(REMOTE) ?? ''
  for (let end = 0; end < whole.length; end += 1) shows(whole.slice(0, end))
  for (const unit of [
    '--b\n',
    '=\n',
    'a: b\n',
    ' x\n',
    '<',
    'host a',
    `${OUTSIDE} `,
    '"',
    'Content-Type: multipart/a; boundary="',
    '-',
    '&lt;',
  ]) {
    const report = `Content-Type: multipart/report; boundary=b\n\n--b\n\n${unit.repeat(131_072 / unit.length)}`
    assert.ok(cpuMsOf(() => shows(report)) < 1_000, JSON.stringify(unit))
  }
})

test('no bytes make the reader throw', () => {
  const anyPiece = fc.constantFrom(
    '\r\n',
    '\n',
    '--b',
    '--b--',
    'Content-Type: ',
    'multipart/report; boundary=b',
    'message/rfc822',
    ': ',
    ' ',
    '=',
    'Action: failed',
    OUTSIDE,
    LOCAL,
    'base64',
    'Content-Transfer-Encoding: ',
    '\0',
    '\xff',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(anyPiece, fc.string()), { maxLength: 60 }), (pieces) => {
      const facts = read(pieces.join(''))
      assert.ok(facts.sentences.length <= 100)
      for (const sentence of facts.sentences) assert.ok(sentence.length <= 1_001)
    }),
  )
})
