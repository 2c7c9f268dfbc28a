/** Reads networks in CIDR notation, and compares them. */
import { ADDRESS_BITS, type Address, addressOf, explainAddress, parseAddress } from './address.ts'

export interface Prefix {
  readonly family: 4 | 6
  /** The lowest address of the network. */
  readonly first: bigint
  /** The highest address of the network. */
  readonly last: bigint
  /** The number of leading bits that all addresses share: 0 to 32 or 0 to 128. */
  readonly length: number
  /** Canonical CIDR notation, such as `203.0.113.0/24`. */
  readonly text: string
}

export type ParsedPrefix =
  | { readonly ok: true; readonly prefix: Prefix }
  | { readonly ok: false; readonly fault: string }

const DECIMAL_LENGTH = /^(?:0|[1-9][0-9]{0,2})$/

/**
 * Reads a network in CIDR notation (RFC 4632, RFC 4291 section 2.3): an address, a slash and a decimal length. A single
 * address needs its /32 or /128, and the bits after the length must be zero, so that the text says exactly what is
 * meant.
 *
 * @returns the network, or a fault that says what to write instead; it repeats the text in canonical form only
 */
export function parsePrefix(text: string): ParsedPrefix {
  const slash = text.indexOf('/')
  const addressText = slash < 0 ? text : text.slice(0, slash)
  const address = parseAddress(addressText)
  if (address === null) return fault(`write a network as address/length: the address ${explainAddress(addressText)}`)
  const bits = ADDRESS_BITS[address.family]
  if (slash < 0) return fault(`write ${address.text}/${bits}`)

  const lengthText = text.slice(slash + 1)
  const length = Number(lengthText)
  if (!DECIMAL_LENGTH.test(lengthText) || length > bits) {
    return fault(`the length after the slash must be a plain decimal number from 0 to ${bits}`)
  }
  const prefix = prefixAround(address, length)
  if (prefix.first !== address.value) {
    return fault(`${address.text}/${length} has host bits set: write ${prefix.text} or ${address.text}/${bits}`)
  }
  return { ok: true, prefix }
}

/** Returns the network of a CIDR that is known to be valid. Throws an error if it is not. */
export function prefixOf(cidr: string): Prefix {
  const parsed = parsePrefix(cidr)
  if (!parsed.ok) throw new Error(`${cidr}: ${parsed.fault}`)
  return parsed.prefix
}

/** Tells whether the network contains the address. A network contains no address of the other family. */
export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.family === address.family && prefix.first <= address.value && address.value <= prefix.last
}

/** Tells whether two networks have an address in common. Then one of them contains the other. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last
}

function prefixAround(address: Address, length: number): Prefix {
  const { family, value } = address
  const hostBits = BigInt(ADDRESS_BITS[family] - length)
  const first = (value >> hostBits) << hostBits
  const last = first + (1n << hostBits) - 1n
  return { family, first, last, length, text: `${addressOf(family, first).text}/${length}` }
}

function fault(text: string): ParsedPrefix {
  return { ok: false, fault: text }
}
