/** Finds the IPv4 address behind an IPv6 address that the operator's NAT64 or 6rd translates, to check it too. */
import { type Address, addressOf } from './address.ts'
import { contains, type Prefix } from './prefix.ts'

/**
 * RFC 6052 section 2.2 allows these lengths. 6rd (RFC 5969) with whole IPv4 addresses has at most 32 bits before them.
 */
const LENGTHS: ReadonlySet<number> = new Set([40, 48, 56, 64, 96])

/** Whether addresses in a network can hold a whole IPv4 address in a known place. */
export const canTranslate = ({ family, length }: Prefix): boolean =>
  family === 6 && length > 0 && (length <= 32 || LENGTHS.has(length))

/** Returns the IPv4 addresses that an address stands for, one for each of these networks that contains it. */
export const translatedFrom = (address: Address, networks: readonly Prefix[]): Address[] =>
  networks.filter((network) => contains(network, address)).map(({ length }) => embedded(address.value, length))

/** The bits 64 to 71 do not belong to the IPv4 address, except after a prefix of 96 bits. */
function embedded(value: bigint, length: number): Address {
  if (length === 96) return addressOf(4, value & 0xffff_ffffn)
  const without = ((value >> 64n) << 56n) | (value & ((1n << 56n) - 1n))
  return addressOf(4, (without >> BigInt(120 - length - 32)) & 0xffff_ffffn)
}
