/** Decides which recipients the mailbox accepts. */
import { domainToASCII } from 'node:url'
import { isToken } from './tokens.ts'

/** The facts that the mailbox decides by. */
export interface RecipientRules {
  readonly domain: string
  /** Returns the current kind of a token, or null. Called only with texts that have the form of a token. */
  knows(token: string): Promise<'recipient' | 'sender' | null>
  /** Whether we may have forgotten tokens that are still valid. */
  mayHaveForgotten(): boolean
}

/** An accepted recipient. */
export interface AcceptedRecipient {
  /** The local part, in lower case. */
  readonly token: string
  /** `message` is mail to a recipient token. `bounce` is mail to a sender token, such as a report. */
  readonly kind: 'message' | 'bounce'
}

/**
 * A recipient that every mail server must accept (RFC 5321 section 4.5.1), since servers that check our sender may ask
 * for it. Its mail is refused at DATA.
 */
export interface RoleRecipient {
  readonly role: string
}

/** An SMTP reply that rejects a recipient. smtp-server adds the enhanced status code. */
export interface Rejection {
  readonly code: 451 | 550
  readonly text: string
}

const ROLES = new Set(['postmaster', 'abuse'])
const UNKNOWN: Rejection = { code: 550, text: 'no such test address' }
/** For a token that we do not know, but may have known before a restart. */
const FORGOTTEN: Rejection = { code: 451, text: 'no such test address now, try again later' }

/**
 * Accepts recipient and sender tokens from any sender: servers verify our sender address, and send reports to it.
 * Accepts postmaster and abuse. Rejects everything else.
 *
 * @param address as in RCPT TO, without brackets; `postmaster` needs no domain (RFC 5321 section 4.1.1.3)
 */
export async function checkRecipient(
  address: string,
  { domain, knows, mayHaveForgotten }: RecipientRules,
): Promise<AcceptedRecipient | RoleRecipient | Rejection> {
  const [part = '', host = domain] = address.toLowerCase().split('@')
  const local = /^"([^"\\]*)"$/.exec(part)?.[1] ?? part
  // A final dot means the root of the DNS (RFC 1034 section 3.1). One of our forms has it, and servers pass it on.
  if (domainToASCII(host.replace(/\.$/, '')) !== domainToASCII(domain)) return UNKNOWN
  if (ROLES.has(local)) return { role: local }
  if (!isToken(local)) return UNKNOWN
  const kind = await knows(local)
  if (kind === null) return mayHaveForgotten() ? FORGOTTEN : UNKNOWN
  return { token: local, kind: kind === 'sender' ? 'bounce' : 'message' }
}
