/** Decides which recipients the mailbox accepts. */
import { domainToASCII } from 'node:url'
import { isToken } from './tokens.ts'

/** The facts that the mailbox decides by. */
export interface RecipientRules {
  readonly domain: string
  /** The contact for people who write to postmaster or abuse: a mail address or URL in printable ASCII. */
  readonly contact: string
  /** Returns the current kind of a token, or null. Called only with texts that have the form of a token. */
  knows(token: string): Promise<'recipient' | 'sender' | null>
}

/** An accepted recipient. */
export interface AcceptedRecipient {
  /** The local part, in lower case. */
  readonly token: string
  /** `message` is mail to a recipient token. `bounce` is mail from the null sender to a sender token. */
  readonly kind: 'message' | 'bounce'
}

/** An SMTP reply that rejects a recipient. smtp-server adds the enhanced status code. */
export interface Rejection {
  readonly code: 550 | 551
  readonly text: string
}

const ROLES = new Set(['postmaster', 'abuse'])
const UNKNOWN: Rejection = { code: 550, text: 'no such test address' }

/**
 * Accepts recipient tokens from every sender, and sender tokens from the null sender only (bounces, and callouts, which
 * begin like a bounce). Sends people to the contact. Rejects everything else.
 *
 * @param address as in RCPT TO, without brackets; `postmaster` needs no domain (RFC 5321 section 4.1.1.3)
 */
export async function checkRecipient(
  address: string,
  nullSender: boolean,
  { domain, contact, knows }: RecipientRules,
): Promise<AcceptedRecipient | Rejection> {
  const [local = '', host = domain] = address.toLowerCase().split('@')
  if (domainToASCII(host) !== domainToASCII(domain)) return UNKNOWN
  if (ROLES.has(local)) return { code: 551, text: `nobody reads mail here, please ask ${contact}` }
  if (!isToken(local)) return UNKNOWN
  const kind = await knows(local)
  if (kind === 'recipient') return { token: local, kind: 'message' }
  if (kind === 'sender' && nullSender) return { token: local, kind: 'bounce' }
  return UNKNOWN
}
