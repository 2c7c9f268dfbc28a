/** Random addresses and prefixes for property tests. */

import { ADDRESS_BITS, type Address, addressOf } from '../../src/ip/address.ts'
import { type Prefix, prefixOf } from '../../src/ip/prefix.ts'
import fc from '../harness/fast-check.ts'

/** Groups that are often zero or at an edge, so that runs of zeros and boundaries are met often. */
const group = (bits: number): fc.Arbitrary<bigint> => {
  const max = (1n << BigInt(bits)) - 1n
  return fc.oneof(fc.constantFrom(0n, 1n, max), fc.bigInt({ min: 0n, max }))
}

const joined = (bits: number, groups: readonly bigint[]): bigint =>
  groups.reduce((value, part) => (value << BigInt(bits)) | part, 0n)

export const ipv4Address: fc.Arbitrary<Address> = fc
  .array(group(8), { minLength: 4, maxLength: 4 })
  .map((groups) => addressOf(4, joined(8, groups)))

export const ipv6Address: fc.Arbitrary<Address> = fc
  .array(group(16), { minLength: 8, maxLength: 8 })
  .map((groups) => addressOf(6, joined(16, groups)))

export const anyAddress: fc.Arbitrary<Address> = fc.oneof(ipv4Address, ipv6Address)

/** The bits of an address as a string of 0 and 1: a second way to compare networks. */
export const bitText = (family: 4 | 6, value: bigint): string => value.toString(2).padStart(ADDRESS_BITS[family], '0')

/** The leading bits that make a network. */
export const networkBits = (prefix: Prefix): string => bitText(prefix.family, prefix.first).slice(0, prefix.length)

export function prefixFrom(family: 4 | 6, leading: string): Prefix {
  const first = BigInt(`0b${leading.padEnd(ADDRESS_BITS[family], '0')}`)
  return prefixOf(`${addressOf(family, first).text}/${leading.length}`)
}

/** Prefixes of an address from a small pool, so that many of them nest, touch or are equal. */
export const crowdedPrefix: fc.Arbitrary<Prefix> = fc
  .record({
    family: fc.constantFrom(4 as const, 6 as const),
    bits: fc.array(fc.constantFrom('0', '1', '00000000', '11111111', '0000000000000000'), { maxLength: 8 }),
  })
  .map(({ family, bits }) => prefixFrom(family, bits.join('').slice(0, ADDRESS_BITS[family])))

export const anyPrefix: fc.Arbitrary<Prefix> = fc.oneof(
  crowdedPrefix,
  fc.tuple(anyAddress, fc.nat(128)).map(([{ family, value }, length]) => {
    return prefixFrom(family, bitText(family, value).slice(0, length))
  }),
)
