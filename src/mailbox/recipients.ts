/** Decides which recipients the mailbox accepts. */
import { localPartOf } from './spellings.ts'
import { isToken } from './tokens.ts'

/** The facts that the mailbox decides by. */
export interface RecipientRules {
  readonly domain: string
  /** Returns the current kind of a token, or null. Called only with texts that look like a token. */
  knows(token: string): Promise<'recipient' | 'steered' | 'sender' | null>
  /** Whether a domain is a valid name of our zone. Absent if the installation has no zone. */
  isSteered?(domain: string): boolean
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
 * Accepts postmaster and abuse. Rejects everything else. At a name of our zone, accepts only the token of the
 * MX-steered form.
 *
 * @param address as in RCPT TO, without brackets; `postmaster` needs no domain (RFC 5321 section 4.1.1.3)
 */
export async function checkRecipient(
  address: string,
  { domain, knows, mayHaveForgotten, isSteered }: RecipientRules,
): Promise<AcceptedRecipient | RoleRecipient | Rejection> {
  const local = localPartOf(address, domain)
  if (local !== null && ROLES.has(local)) return { role: local }
  const steered = local === null ? steeredPartOf(address, isSteered) : null
  const token = local ?? steered
  if (token === null || !isToken(token)) return UNKNOWN
  const kind = await knows(token)
  if (kind === null) return mayHaveForgotten() ? FORGOTTEN : UNKNOWN
  // The token of the MX-steered form is valid only at names of our zone. All other tokens are valid only at our domain.
  if ((kind === 'steered') !== (steered !== null)) return UNKNOWN
  return { token, kind: kind === 'sender' ? 'bounce' : 'message' }
}

/** Returns the local part of an address at a valid name of our zone, in lower case; null for every other address. */
function steeredPartOf(address: string, isSteered: RecipientRules['isSteered']): string | null {
  const [, domain = ''] = /@([a-z0-9.-]{1,254}?)\.?$/i.exec(address.trim()) ?? []
  return isSteered?.(domain) ? localPartOf(address, domain) : null
}
