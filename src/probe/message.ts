import { randomUUID } from 'node:crypto'
import type { TestAddresses } from '../relay/forms.ts'

/** Who tests, and whom to ask about it: printable ASCII, checked where the configuration is read. */
export interface Tester {
  readonly providerName: string
  readonly contact: string
}

/**
 * The test message as lines without line ends (RFC 5322). It says who tests, why, and whom to ask. Nothing of it comes
 * from the caller or the server, and the target's address never stands in it: honeypots relay what names them.
 */
export function buildMessage(
  { sender, recipient }: TestAddresses,
  { providerName, contact }: Tester,
  now: Date,
  nonce: string | null,
): string[] {
  const domain = sender.slice(sender.lastIndexOf('@') + 1)
  return [
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `From: <${sender}>`,
    `To: <${recipient}>`,
    // Bounces often return the header alone: there the nonce tells whose they are.
    `Message-ID: <${nonce ?? randomUUID()}@${domain}>`,
    'Subject: Mail relay test',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'This message tests whether a mail server relays mail for strangers.',
    'It went to a mail server that is not responsible for its recipient;',
    'if it arrives, that server is an open relay.',
    '',
    `The test was made by ${providerName}`,
    'for the customer whose network the server is in.',
    'It is automatic and needs no answer. Questions, or no more tests:',
    contact,
    ...(nonce === null ? [] : ['', `Proof: ${nonce}`]),
  ]
}
