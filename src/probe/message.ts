/** Writes the test message. A person who finds it in a mailbox or a queue must understand it without asking us. */
import { randomUUID } from 'node:crypto'
import type { TestAddresses } from '../relay/forms.ts'

/** The provider that tests, and its contact for questions. Both are printable ASCII, which config.ts checks. */
export interface Tester {
  readonly providerName: string
  readonly contact: string
}

/** The two secrets of one message. The one in the header shows a bounce; the one in the body shows a delivery. */
export interface Secrets {
  readonly header: string
  readonly body: string
}

/**
 * Returns the test message as lines without line ends (RFC 5322). It contains nothing from the caller or the server,
 * and never the target's address, because honeypots relay messages that contain their own address.
 *
 * The Message-ID is no secret: many servers repeat it in their replies.
 *
 * @param secrets null for a message that proves nothing
 */
export function buildMessage(
  { sender, recipient }: TestAddresses,
  { providerName, contact }: Tester,
  now: Date,
  secrets: Secrets | null,
): string[] {
  const domain = sender.slice(sender.lastIndexOf('@') + 1)
  return [
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `From: <${sender}>`,
    `To: <${recipient}>`,
    `Message-ID: <${randomUUID()}@${domain}>`,
    'Subject: Mail relay test',
    'Auto-Submitted: auto-generated',
    // Shows which message a bounce belongs to.
    ...(secrets === null ? [] : [`X-Relay-Test: ${secrets.header}`]),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This message tests whether a mail server relays mail for strangers.',
    'We gave it to a mail server that is not responsible for the recipient.',
    'If it arrives, that server is an open relay.',
    '',
    `The test was made by ${providerName}`,
    'for the customer in whose network that mail server is.',
    'It is automatic: no reply is needed. For questions, or to stop the tests:',
    contact,
    ...(secrets === null ? [] : ['', `Proof: ${secrets.body}`]),
  ]
}
