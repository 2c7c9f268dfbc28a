/** Reports as mail servers write them, for one recipient and one diagnosis. */

/** Our names in the reports. */
export const DOMAIN = 'relaytest.isp.example'
export const TOKEN = 'recipient2222222'
export const SENDER_TOKEN = 'sender2222222222'
export const OUTSIDE = `${TOKEN}@${DOMAIN}`
export const LOCAL = `${TOKEN}%${DOMAIN}@own.example`

/** Our message as a server returns it: its To field is the outside address, whatever the envelope said. */
const COPY = `Return-Path: <${SENDER_TOKEN}@${DOMAIN}>
Received: from relaytest.isp.example (unknown [198.51.100.7])
\tby mail.own.example with ESMTP id 4F2A3; Sat, 28 Nov 2026 12:00:00 +0000
From: <${SENDER_TOKEN}@${DOMAIN}>
To: <${OUTSIDE}>
Message-ID: <5f3c0a9e-55a1-4f5e-9d2a-6a0d2f0e7c11@${DOMAIN}>
Subject: Mail relay test
X-Relay-Test: q7w3ertyuiopasdfghjklzxcv2

Action: failed is not a field here.
Remote-MTA: dns; not.a.field.example`

/** The contents of a report. */
export interface Failure {
  /** The recipient in the report. */
  readonly recipient: string
  /** The server that gave the error; null if it was the reporting one. */
  readonly remote: string | null
  readonly status: string
  /** The words of the error. */
  readonly words: string
  readonly action?: 'failed' | 'delayed' | 'delivered' | 'relayed'
}

const status = ({
  recipient,
  remote,
  status: code,
  words,
  action = 'failed',
}: Failure): string => `Reporting-MTA: dns; mail.own.example
X-Postfix-Sender: rfc822; ${SENDER_TOKEN}@${DOMAIN}
Arrival-Date: Sat, 28 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; ${recipient}
Original-Recipient: rfc822;${recipient}
Action: ${action}
Status: ${code}${remote === null ? '' : `\nRemote-MTA: dns; ${remote}`}
Diagnostic-Code: ${remote === null ? 'X-Local' : 'smtp'}; ${words}`

const multipart = (
  subject: string,
  prose: string,
  fields: string,
  copyType = 'message/rfc822',
): string => `From: MAILER-DAEMON@mail.own.example
To: ${SENDER_TOKEN}@${DOMAIN}
Subject: ${subject}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2A3.1795867200/mail.own.example"

This is a MIME-encapsulated message.

--4F2A3.1795867200/mail.own.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

${prose}

--4F2A3.1795867200/mail.own.example
Content-Type: message/delivery-status

${fields}

--4F2A3.1795867200/mail.own.example
Content-Type: ${copyType}

${COPY}

--4F2A3.1795867200/mail.own.example--
`

/** The dialects: each writes a failure as that program does. */
export const DIALECTS: Readonly<Record<string, (failure: Failure) => string>> = {
  Postfix: (failure) => {
    const { recipient, remote, words } = failure
    const said = remote === null ? words : `host ${remote}[192.0.2.9] said: ${words} (in reply to RCPT TO command)`
    const prose = `This is the mail system at host mail.own.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<${recipient}>: ${said.slice(0, 30)}
    ${said.slice(30)}`
    return multipart('Undelivered Mail Returned to Sender', prose, status(failure))
  },
  Exim: (failure) => {
    const { recipient, remote, words } = failure
    const said =
      remote === null
        ? words
        : `host ${remote} [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<${recipient}>:\n    ${words}`
    const prose = `This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ${recipient}
    ${said}`
    const fields = status({ ...failure, status: '5.0.0' })
    return `X-Failed-Recipients: ${recipient}\n${multipart('Mail delivery failed: returning message to sender', prose, fields, 'message/rfc822')}`
  },
  'Exim without MIME': ({ recipient, remote, words }) => `X-Failed-Recipients: ${recipient}
From: Mail Delivery System <Mailer-Daemon@mail.own.example>
To: ${SENDER_TOKEN}@${DOMAIN}
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ${recipient}
    ${remote === null ? words : `SMTP error from remote mail server after RCPT TO:<${recipient}>:\n    host ${remote} [192.0.2.9]: ${words}`}

------ This is a copy of the message, including all the headers. ------

${COPY}
`,
  Sendmail: (failure) => {
    const { recipient, remote, words, status: code } = failure
    const session =
      remote === null
        ? `550 ${code} <${recipient}>... ${words}`
        : `... while talking to ${remote}.:\n>>> DATA\n<<< 550 ${code} ${words}\n550 ${code} <${recipient}>... ${words}`
    const prose = `The original message was received at Sat, 28 Nov 2026 12:00:00 GMT
from relaytest.isp.example [198.51.100.7]

   ----- The following addresses had permanent fatal errors -----
<${recipient}>
    (reason: 550 ${code} ${words})

   ----- Transcript of session follows -----
${session}`
    return multipart('Returned mail: see transcript for details', prose, status(failure), 'text/rfc822-headers')
  },
  Exchange: (failure) => {
    const { recipient, remote, words, status: code } = failure
    const error = remote === null ? `550 ${code} RESOLVER.ADR.RecipientNotFound; ${words}` : `550 ${code} ${words}`
    const prose = `Delivery has failed to these recipients or groups:

${recipient}<mailto:${recipient}>
The email address you entered couldn't be processed.

Diagnostic information for administrators:

Generating server: EX1.own.example

${recipient}
${remote ?? 'EX1.own.example'}
Remote Server returned '${error}'

Original message headers:

${COPY}`
    return multipart('Undeliverable: Mail relay test', prose, status({ ...failure, words: error }))
  },
  qmail: ({ recipient, remote, words }) => `Received: (qmail 12345 invoked for bounce); 28 Nov 2026 12:00:00 -0000
Date: 28 Nov 2026 12:00:00 -0000
From: MAILER-DAEMON@mail.own.example
To: ${SENDER_TOKEN}@${DOMAIN}
Subject: failure notice

Hi. This is the qmail-send program at mail.own.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<${recipient}>:
${remote === null ? words : `192.0.2.9 does not like recipient.\nRemote host said: ${words}\nGiving up on 192.0.2.9.`}

--- Below this line is a copy of the message.

${COPY}
`,
}
