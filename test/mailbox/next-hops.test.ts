/**
 * Reports about the next hop, in the words of many programs: an attempt to relay, a refusal of their own, or
 * mail that is no report.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReport } from '../../src/mailbox/report.ts'
import { reportOn, shortOf } from '../../src/service/arrivals.ts'
import { DOMAIN, OUTSIDE, SENDER_TOKEN } from './reports.ts'

const BEARER = { peer: '203.0.113.25', helo: 'mail.own.example' }
const read = (message: string) => readReport(Buffer.from(message), { domain: DOMAIN, token: SENDER_TOKEN }, BEARER)
const ofPlain = (message: string) => reportOn('outside-sender', shortOf(read(message)))
const ofAmbiguous = (message: string) => reportOn('percent-hack', shortOf(read(message)))

/** A report in the form of RFC 3464: its prose, and the fields after Action. */
const dsn = (prose: string, fields = '') => `From: MAILER-DAEMON@mail.own.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

${prose}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.own.example

Final-Recipient: rfc822; ${OUTSIDE}
Action: failed
Status: 5.7.1
${fields}
--b--`

const prose = (subject: string, text: string) => `From: postmaster@own.example\nSubject: ${subject}\n\n${text}`

/** The next hop is foreign, or the server looked for it. */
const TRIED: Readonly<Record<string, string>> = {
  'Postfix and a foreign smarthost that denies relaying': dsn(
    `<${OUTSIDE}>: host smtp.provider.example[192.0.2.9] said: 554 5.7.1 <${OUTSIDE}>: Relay access denied`,
    'Remote-MTA: dns; smtp.provider.example',
  ),
  'Postfix and our own mailbox': dsn(`<${OUTSIDE}>: host ${DOMAIN}[198.51.100.7] said: 451 4.3.0 try again later`),
  'Postfix and a host that is down': dsn(`<${OUTSIDE}>: connect to mx.isp.example[192.0.2.9]:25: Connection refused`),
  'Postfix and IPv6': dsn(`<${OUTSIDE}>: host mx.isp.example[2001:db8::25] said: 550 no`),
  'Postfix and the DNS': dsn(
    `<${OUTSIDE}>: Host or domain name not found. Name service error for name=${DOMAIN} type=MX`,
  ),
  'Postfix and a loop': dsn(`<${OUTSIDE}>: mail for ${DOMAIN} loops back to myself`),
  Exim: prose('Mail delivery failed', `  ${OUTSIDE}\n    all relevant MX records point to non-existent hosts`),
  'Exim and a host that does not answer': prose(
    'Mail delivery failed',
    `  ${OUTSIDE}\n    host mx.isp.example [192.0.2.9]\n    Connection timed out`,
  ),
  Sendmail: prose(
    'Returned mail: Host unknown',
    `<${OUTSIDE}>\n550 5.1.2 <${OUTSIDE}>... Host unknown (Name server: ${DOMAIN}: host not found)`,
  ),
  'Sendmail in a session': prose(
    'Returned mail',
    `... while talking to mx.isp.example.:\n>>> DATA\n<<< 550 no such user`,
  ),
  qmail: prose('failure notice', `<${OUTSIDE}>:\nSorry, I couldn't find any host named ${DOMAIN}. (#5.1.2)`),
  'qmail in a session': prose('failure notice', `<${OUTSIDE}>:\n192.0.2.9 failed after I sent the message.`),
  'Exchange Online': dsn(
    `Generating server: a.prod.outlook.example\n${OUTSIDE}\nmx.isp.example\nRemote Server returned '550 no'`,
  ),
  'Exchange and the DNS': dsn(`Remote Server returned '554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain'`),
  Domino: prose(
    'DELIVERY FAILURE',
    `was not delivered to:\n\n  ${OUTSIDE}\n\nbecause:\n\nRouter: Failed to connect to SMTP host MX.ISP.EXAMPLE because : no answer`,
  ),
  GroupWise: prose('Message status - undeliverable', `${OUTSIDE} : 450 Host down (${DOMAIN})`),
  Courier: prose(
    'NOTICE: mail delivery status.',
    `<${OUTSIDE}>:\n\n   mx.isp.example [192.0.2.9]:\n>>> RCPT\n<<< 550 No`,
  ),
  James: prose('undeliverable', `There are no DNS entries for the hostname ${DOMAIN}.`),
  OpenSMTPD: prose('Delivery status notification: error', `${OUTSIDE}: No MX found for destination`),
  Haraka: dsn('Too many failures (Tried all MXs)'),
  hMailServer: prose(
    'Message undeliverable',
    `Remote server (192.0.2.9) issued an error.\nRemote server replied: 550 no`,
  ),
  Google: prose('Delivery Status Notification (Failure)', `rejected by mx.isp.example. [192.0.2.9]: 550 no such user`),
  'Exchange, with the address of the host': prose(
    'Undeliverable',
    `Remote Server at mx.isp.example (192.0.2.9) returned '550 5.1.1 no such user'`,
  ),
  'a gateway that quotes a response': prose('Undeliverable', `The response from mx.isp.example [192.0.2.9]: 550 no`),
  'a gateway in German': prose(
    'Unzustellbar',
    `${OUTSIDE}: Der Server mx.isp.example [192.0.2.9] antwortete: 550 nein`,
  ),
}

/** The server refused by itself, or by a filter or server behind it. */
const OWN: Readonly<Record<string, string>> = {
  'an inner Exchange': dsn(
    `<${OUTSIDE}>: host exchange.local[10.0.0.5] said: 550 5.7.1 Unable to relay`,
    'Remote-MTA: dns; exchange.local',
  ),
  'an inner server whose name looks foreign': dsn(
    `<${OUTSIDE}>: host mx.filter.example[192.168.1.5] said: 550 5.7.1 Unable to relay`,
    'Remote-MTA: dns; mx.filter.example',
  ),
  'an inner server by its name alone': dsn('', 'Remote-MTA: dns; exchange.own.example'),
  'an inner server at a public address': dsn(`<${OUTSIDE}>: host ex.own.example[192.0.2.8] said: 550 Unable to relay`),
  'a filter on the server': dsn(`<${OUTSIDE}>: host 127.0.0.1[127.0.0.1] said: 554 5.7.1 Relay access denied`),
  'a filter over IPv6': dsn(`<${OUTSIDE}>: host localhost[::1] said: 554 5.7.1 Relay access denied`),
  'a link-local host': dsn(`<${OUTSIDE}>: host mx.isp.example[fe80::1] said: 554 5.7.1 Relay access denied`),
  'itself, with its address': dsn('', 'Remote-MTA: dns; mail.own.example (127.0.0.1)'),
  'itself, by the address that brings the report': dsn(`host mx.isp.example[203.0.113.25] said: 554 Relay denied`),
  'a name without dots': dsn('', 'Remote-MTA: dns; amavis'),
  'Exchange that demands a login': dsn(
    `Generating server: EX1.own.example\n${OUTSIDE}\nRemote Server returned '550 5.7.1 RESOLVER.RST.AuthRequired'`,
  ),
  'Exchange with a rule': dsn(`Remote Server returned '550 5.7.1 TRANSPORT.RULES.RejectMessage; by policy'`),
  'Exchange that does not relay': dsn(
    `mail.own.example rejected your message:\nRemote Server returned '550 5.7.1 Unable to relay'`,
  ),
  'a report about its client': dsn(
    `The following message from remote host ${DOMAIN} [198.51.100.7] could not be delivered: 554 relaying denied`,
    `Received-From-MTA: dns; ${DOMAIN}`,
  ),
  'the client as its remote server': dsn('', `Remote-MTA: dns; ${DOMAIN}`),
  'Sendmail with its client': prose(
    'Returned mail',
    `The original message was received at noon\nfrom ${DOMAIN} [198.51.100.7]\n550 5.7.1 <${OUTSIDE}>... Relaying denied`,
  ),
  'Sendmail and its filter': prose(
    'Returned mail',
    `... while talking to [127.0.0.1]:\n>>> DATA\n<<< 550 Relaying denied`,
  ),
  'Postfix without its inner server in the DNS': dsn(
    `Name service error for name=exchange.local type=A: Host not found`,
  ),
  qmail: prose('failure notice', `<${OUTSIDE}>:\nSorry, I'm not allowed to relay. (#5.7.1)`),
  Domino: prose(
    'DELIVERY FAILURE',
    `was not delivered to:\n  ${OUTSIDE}\nbecause:\n  Relay rejected for policy reasons.`,
  ),
  GroupWise: prose('Message status - undeliverable', `${OUTSIDE} : 550 Relaying denied`),
  Courier: prose('NOTICE: mail delivery status.', `<${OUTSIDE}>:\n    513 Relaying denied.`),
  James: prose('undeliverable', `Sorry it didn't work out.\n\n${OUTSIDE}\n550 5.7.1 relaying denied`),
  OpenSMTPD: prose('Delivery status notification: error', `${OUTSIDE}: 550 Invalid recipient`),
  Haraka: dsn(`<${OUTSIDE}>: 550 I cannot deliver mail for <${OUTSIDE}>`),
  'a gateway in the cloud': prose('Undeliverable: Mail relay test', `Reason: 550 Open relay not allowed`),
}

for (const [name, report] of Object.entries(TRIED)) {
  test(`tried to relay: ${name}`, () => {
    assert.deepEqual(
      [read(report).failed, ofPlain(report), ofAmbiguous(report)],
      [true, 'tried-to-relay', 'tried-to-relay'],
    )
  })
}

for (const [name, report] of Object.entries(OWN)) {
  test(`a refusal of its own: ${name}`, () => {
    assert.deepEqual([read(report).failed, ofPlain(report)], [true, 'unclear'])
  })
}

for (const [name, message] of Object.entries({
  'a vacation reply': prose(
    'Re: Mail relay test',
    `I cannot be reached until Monday. Your mail will not be forwarded.\n> This message tests`,
  ),
  'a vacation reply in German': prose('Abwesend', 'Ich bin im Urlaub. Ihre Nachricht wird nicht weitergeleitet.'),
  'a vacation reply with a disclaimer': prose('Away', 'If you received this message in error, please delete it.'),
  'a receipt': prose('Message relayed', 'Your message has been successfully relayed to the following recipients.'),
  'a notice of a filter': prose('{Disclaimer} note', 'Your message was scanned and forwarded.'),
  'a late message': prose('Delivery status', 'It could not be sent immediately. We will keep trying for 5 days.'),
  'a late message of Postfix': prose(
    'Delayed Mail',
    'It could not be delivered for more than 4 hours. It will be retried until it is 5 days old.',
  ),
  'a late message in German': prose('Zustellung verzögert', 'Die Zustellung verzögert sich. Sie müssen nichts tun.'),
  'a late message in encoded words': `Subject: =?utf-8?B?${Buffer.from('Zustellung verzögert').toString('base64')}?=\n\nFehler bei der Zustellung`,
  'a receipt of a reader':
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nread\n--b--',
  'a report that it was relayed': dsn('').replace('failed', 'relayed'),
  'a report that a list got it': dsn('').replace('failed', 'expanded'),
})) {
  test(`no failure: ${name}`, () => assert.equal(read(message).failed, false))
}

test('a report of a failure is recognised in many languages, and in their charsets', () => {
  for (const text of [
    'Ihre Nachricht konnte nicht zugestellt werden.',
    "Votre message n'a pas pu être remis.",
    'No se pudo entregar su mensaje.',
    'Não foi possível entregar a mensagem.',
    'Impossibile recapitare il messaggio.',
    'Uw bericht is onbestelbaar.',
    'Meddelandet kunde inte levereras.',
    'Nie można dostarczyć wiadomości.',
    'Не удалось доставить сообщение.',
    '您的邮件无法投递',
    'メールを配信できませんでした',
    '메일 전송 실패',
    'Etwas ging schief: 550 5.7.1 nein',
  ]) {
    assert.equal(read(prose('x', text)).failed, true, text)
    const encoded = Buffer.from(text, 'utf16le').toString('base64')
    const inUtf16 = `Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n${encoded}`
    assert.equal(read(inUtf16).failed, true, text)
  }
})

test('a report of a delay that names a foreign host shows an attempt all the same', () => {
  const delay = dsn(`delivery temporarily suspended: connect to mx.isp.example[192.0.2.9]:25: timed out`)
  const facts = read(delay.replace('Action: failed', 'Action: delayed'))
  assert.deepEqual([facts.failed, facts.foreign], [false, true])
})
