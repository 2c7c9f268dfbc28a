/** Reads and writes IP addresses. Accepts strict spellings only: programs disagree about the loose ones. */

export interface Address {
  readonly family: 4 | 6
  /** The 32 or 128 bits, most significant first. Two addresses are equal if family and value are equal. */
  readonly value: bigint
  /** Dotted decimal, or RFC 5952. IPv6 is always in hexadecimal groups, even if it embeds an IPv4 address. */
  readonly text: string
}

/** The number of bits in an address, by family. */
export const ADDRESS_BITS = { 4: 32, 6: 128 } as const

/** The longest valid text. */
const LONGEST_TEXT = 'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255'.length
const DECIMAL_OCTET = /^(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])$/
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/

/**
 * Reads one IP address.
 *
 * IPv4 must be four decimal octets without leading zeros. The octal, hexadecimal and short forms of inet_aton are
 * refused, because programs read them differently. IPv6 can have any text form of RFC 4291 section 2.2, without a zone.
 * An address that embeds an IPv4 address (`::ffff:127.0.0.1`) stays an IPv6 address.
 *
 * @returns the address, or null for any other text; `explainAddress` says why
 */
export function parseAddress(text: string): Address | null {
  if (text.length > LONGEST_TEXT) return null
  const family = text.includes(':') ? 6 : 4
  const value = family === 6 ? ipv6Value(text) : ipv4Value(text)
  return value === null ? null : addressOf(family, value)
}

/**
 * Returns the address with these bits.
 *
 * @param value from 0 to 2^32 - 1 (family 4) or 2^128 - 1 (family 6)
 * @throws RangeError if the value does not fit the family
 */
export function addressOf(family: 4 | 6, value: bigint): Address {
  if (value >> BigInt(ADDRESS_BITS[family]) !== 0n) throw new RangeError(`no IPv${family} address`)
  return { family, value, text: family === 4 ? ipv4Text(value) : ipv6Text(value) }
}

/** Returns the address as URLs and `host:port` write it: an IPv6 address has brackets. */
export const hostText = ({ family, text }: Pick<Address, 'family' | 'text'>): string =>
  family === 6 ? `[${text}]` : text

/** Returns the address as a mail domain (RFC 5321 section 4.1.3): `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
export const addressLiteral = ({ family, text }: Address): string => (family === 6 ? `[IPv6:${text}]` : `[${text}]`)

/**
 * Returns the network that quotas count an address in: the size of network that one party usually has.
 *
 * @returns the /24 of an IPv4 address or the /64 of an IPv6 address, such as `203.0.113.0/24` or `2001:db8:0:1::/64`
 */
export function canonicalNetwork(address: Address): string {
  const length = address.family === 4 ? 24 : 64
  const hostBits = BigInt(ADDRESS_BITS[address.family] - length)
  const network = addressOf(address.family, (address.value >> hostBits) << hostBits)
  return `${network.text}/${length}`
}

function ipv4Value(text: string): bigint | null {
  const octets = text.split('.')
  if (octets.length !== 4 || !octets.every((octet) => DECIMAL_OCTET.test(octet))) return null
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

function ipv6Value(text: string): bigint | null {
  const hexText = text.includes('.') ? withHexTail(text) : text
  if (hexText === null) return null
  const [head = [], tail, ...more] = hexText.split('::').map((half) => (half === '' ? [] : half.split(':')))
  if (more.length > 0) return null
  const missing = 8 - head.length - (tail?.length ?? 0)
  // RFC 5952 forbids writing `::` for a single group. RFC 4291 allows reading it.
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])]
  if (!groups.every((group) => HEX_GROUP.test(group))) return null
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** Rewrites the dotted decimal tail of `::ffff:192.0.2.1` as two groups: `::ffff:c000:201`. */
function withHexTail(text: string): string | null {
  const tailStart = text.lastIndexOf(':') + 1
  const tail = ipv4Value(text.slice(tailStart))
  if (tail === null) return null
  return `${text.slice(0, tailStart)}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`
}

function ipv4Text(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')
}

function ipv6Text(value: bigint): string {
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16))
  const zeros = longestZeroRun(groups)
  if (zeros.length < 2) return groups.join(':')
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`
}

/** Finds the longest run of zero groups, and the first of equal runs (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start += 1) {
    let end = start
    while (groups[end] === '0') end += 1
    if (end - start > longest.length) longest = { start, length: end - start }
  }
  return longest
}

/** Common mistakes. The first pattern that matches gives the advice. Each pattern runs in linear time. */
const MISTAKES: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/^$/, 'and this text is empty'],
  [/\s/, 'without spaces or line breaks'],
  [/[^\x21-\x7e]/, 'in plain ASCII characters'],
  [/:\/\//, 'not a URL'],
  [/\//, 'not a network: leave out the slash and the length'],
  [/%/, 'without a zone id: leave out the percent sign and the text after it'],
  [/[[\]]/, 'without brackets and without a port'],
  [/(?:^|[.:])0x/i, 'not in hexadecimal with 0x: write IPv4 as four decimal numbers'],
  [/[g-z_]|^(?!.*:).*[a-z]/i, 'not a host name'],
  [/^[^:]+:[0-9]+$/, 'without a port'],
  [/(?:^|[.:])0[0-9]+\.|\.0[0-9]/, 'without leading zeros: some programs read them as octal'],
  [/^[0-9]+(?:\.[0-9]+){0,2}$/, 'not a short form: write IPv4 as four decimal numbers'],
  [/^[0-9]+(?:\.[0-9]+){3}$/, 'and an IPv4 octet is at most 255'],
  [/:/, 'and IPv6 has eight groups of one to four hexadecimal digits; one :: can replace groups of zeros'],
]

/**
 * Explains why `parseAddress` refused a text.
 *
 * @returns the rest of a sentence that begins with the name of the member, without a full stop; never repeats the text
 */
export function explainAddress(text: string): string {
  const [, advice] = MISTAKES.find(([pattern]) => pattern.test(text)) ?? [null, 'such as 203.0.113.25 or 2001:db8::25']
  return `must be an IPv4 or IPv6 address, ${advice}`
}
