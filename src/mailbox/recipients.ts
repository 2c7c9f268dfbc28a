import { domainToASCII } from 'node:url'
import { isToken } from './tokens.ts'

/** What the receiving side has to know of the addresses at its domain. */
export interface Addresses {
  readonly domain: string
  /** Whom postmaster's and abuse's correspondents should ask: a mail address or URL in printable ASCII. */
  readonly contact: string
  /** Which kind of test address a local part is now, or null. Asked only about what has the shape of a token. */
  knows(token: string): Promise<'recipient' | 'sender' | null>
}

/** A recipient that is taken, and what its mail is. */
export interface Taken {
  /** The local part, in lower case. */
  readonly token: string
  /** `message`: to a recipient token; `bounce`: from the null sender to a sender token. */
  readonly kind: 'message' | 'bounce'
}

/** An SMTP reply that refuses; the enhanced status code is the one that smtp-server gives each code. */
export interface Refusal {
  readonly code: 550 | 551
  readonly text: string
}

const ROLES = new Set(['postmaster', 'abuse'])
const UNKNOWN: Refusal = { code: 550, text: 'no such test address' }

/**
 * Decides about one recipient. A recipient token takes mail from everyone, a sender token only bounces (and callouts,
 * which ask like a bounce and leave), and people are sent to the contact.
 *
 * @param address as given in RCPT TO, without brackets; `postmaster` may stand alone (RFC 5321 section 4.1.1.3)
 */
export async function decide(
  address: string,
  nullSender: boolean,
  { domain, contact, knows }: Addresses,
): Promise<Taken | Refusal> {
  const [local = '', host = domain] = address.toLowerCase().split('@')
  if (domainToASCII(host) !== domainToASCII(domain)) return UNKNOWN
  if (ROLES.has(local)) return { code: 551, text: `nobody reads mail here, please ask ${contact}` }
  if (!isToken(local)) return UNKNOWN
  const kind = await knows(local)
  if (kind === 'recipient') return { token: local, kind: 'message' }
  if (kind === 'sender' && nullSender) return { token: local, kind: 'bounce' }
  return UNKNOWN
}
