/** Writes one address in the many ways that programs accept. */
import { type Address, addressOf } from '../../src/ip/address.ts'
import type { Random } from '../harness/random.ts'

const groupsOf = (value: bigint): string[] =>
  [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => ((value >> shift) & 0xffffn).toString(16))

const octetsOf = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')

/** Returns the other valid texts of an address (RFC 4291 section 2.2). IPv4 addresses have none. */
export function otherSpellings({ family, value, text }: Address): readonly string[] {
  if (family === 4) return [text]
  const groups = groupsOf(value)
  const tail = octetsOf(value & 0xffff_ffffn)
  const zeros = groups.flatMap((group, at) => (group === '0' ? [at] : []))
  const shortened = zeros.map((at) => `${groups.slice(0, at).join(':')}::${groups.slice(at + 1).join(':')}`)
  return [
    text.toUpperCase(),
    groups.join(':'),
    groups.map((group) => group.padStart(4, '0')).join(':'),
    `${groups.slice(0, 6).join(':')}:${tail}`,
    `${groups.slice(0, 6).join(':').toUpperCase()}:${tail}`,
    ...shortened,
    // A text with two `::` is not valid.
    ...(zeros.length > 1 ? [`::${text}`, `${text}::`] : []),
  ]
}

const PREFIXES_OVER_IPV4: readonly (readonly [high: bigint, shift: bigint])[] = [
  [0n, 0n],
  [0xffffn << 32n, 0n],
  [0xffffn << 48n, 0n],
  [0x64_ff9bn << 96n, 0n],
  [0x64_ff9b_0001n << 80n, 0n],
  [0x2002n << 112n, 80n],
  [0x2001n << 112n, 0n],
  [(0x2400_cb00_0001n << 80n) | (0x5efen << 32n), 0n],
  [(0x2400_cb00_0001n << 80n) | (0x200_5efen << 32n), 0n],
  [(0x2606_2800_0220n << 80n) | (0x5efen << 32n), 0n],
]

/**
 * Returns the IPv6 addresses that stand for an IPv4 address: compatible, mapped, translated, NAT64, 6to4, ISATAP.
 */
export function embeddings(ipv4: Address): readonly string[] {
  const values = PREFIXES_OVER_IPV4.map(([high, shift]) => high | (ipv4.value << shift))
  const dotted = ['::', '::ffff:', '::FFFF:', '::ffff:0:', '64:ff9b::', '0:0:0:0:0:ffff:', '2400:cb00:1::5efe:']
  return [...values.map((value) => addressOf(6, value).text), ...dotted.map((head) => head + ipv4.text)]
}

const ODD = [
  ...'0123456789abcdefFxX.:%/[] -+\0\t\n\r',
  '\u0660',
  '\uff11',
  '\u3002',
  '\u2028',
  '\u0085',
  '\ud800',
  'é',
  '::',
]

/** Returns the text with one to three small mistakes. Most results are not addresses, some are other addresses. */
export function edited(text: string, random: Random): string {
  let result = text
  for (let turns = 1 + random.int(3); turns > 0; turns -= 1) {
    const at = random.int(result.length + 1)
    result = result.slice(0, at) + (random.chance(0.6) ? random.pick(ODD) : '') + result.slice(at + random.int(2))
  }
  return result
}

/** Returns values other than texts that a careless program might read as an address. */
export function notTexts({ value, text }: Address): readonly unknown[] {
  const number = Number(value & 0xffff_ffffn)
  return [number, [text], { text }, null, true, 0, '', [], `${number}`, { toString: text }, number / 2, -number]
}
