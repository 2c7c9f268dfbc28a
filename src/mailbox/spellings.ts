/**
 * Reads the ways in which relays write an address at our domain. A relay that removes its own name from one of our
 * forms may leave the rest of the form: quotes, a percent sign, a route.
 */
import { domainToASCII } from 'node:url'

/**
 * The spellings, in the order in which they are undone. `inner` is the rest; `domain`, if there is one, must be ours.
 */
const SPELLINGS: readonly RegExp[] = [
  /^"(?<inner>[^"\\]*)"$/,
  /^'(?<inner>[^']*)'$/,
  /^<(?<inner>[^<>]*)>$/,
  // One of our forms ends with "@".
  /^(?<inner>.+)@$/,
  // An address, the percent hack, and addresses with two "@".
  /^(?<inner>.+)[@%](?<domain>[^@%,:!"'<>]+)$/,
  // A source route (RFC 5321 appendix C).
  /^(?:@[^:,@]{1,255}[:,]){1,8}(?<inner>.+)$/,
  // The list of recipients of one of our forms.
  /^(?:[^,]{1,255},){1,3}(?<inner>[^,]+)$/,
  // Exchange, with the scheme of the address.
  /^(?:smtp|mailto|rfc822):(?<inner>.+)$/,
  // Exchange, with the address encapsulated: `+HH` stands for a sign.
  /^imcea(?:smtp)?-(?<encapsulated>.+)$/,
  // Sender rewriting, and bounce tags.
  /^srs[01][=+-](?:[^=]{1,64}=){2}(?<domain>[^=]+)=(?<inner>[^=]+)$/,
  /^prvs=[^=]{1,64}=(?<inner>.+)$/,
  // A path of UUCP.
  /^(?:[^!]{1,255}!){0,3}(?<domain>[^!]+)!(?<inner>[^!]+)$/,
  // A detail after the local part (RFC 5233).
  /^(?<inner>[^+]+)\+.*$/,
]
const MOST_SPELLINGS = 8

/**
 * Returns the local part of an address at our domain, in lower case and without the spellings around it. An address
 * without a domain is at ours. Null if it is at another domain.
 */
export function localPartOf(address: string, ourDomain: string): string | null {
  const ours = domainToASCII(ourDomain)
  // A final dot means the root of the DNS (RFC 1034 section 3.1). One of our forms has it, and servers pass it on.
  const isOurs = (host: string) => domainToASCII(host.replace(/\.$/, '')) === ours
  let local = address.toLowerCase().trim()
  for (let turn = 0; turn < MOST_SPELLINGS; turn += 1) {
    const groups = SPELLINGS.map((spelling) => spelling.exec(local)?.groups).find((found) => found !== undefined)
    if (groups === undefined) break
    const { domain, inner, encapsulated = '' }: Readonly<Record<string, string | undefined>> = groups
    if (domain !== undefined && !isOurs(domain)) return null
    local = (inner ?? withSigns(encapsulated)).trim()
  }
  return local
}

const withSigns = (encapsulated: string): string =>
  encapsulated.replace(/\+([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
