import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ADDRESS_BITS, type Address, addressOf } from '../../src/ip/address.ts'
import { contains } from '../../src/ip/prefix.ts'
import { buildPrefixIndex, type PrefixEntry } from '../../src/ip/prefix-index.ts'
import {
  anyAddress,
  anyPrefix,
  bitText,
  crowdedPrefix,
  mustParsePrefix,
  networkBits,
  prefixFrom,
} from './arbitraries.ts'

/** The first of the longest prefixes whose bits the address starts with. */
function longestMatch<T>(entries: readonly PrefixEntry<T>[], address: Address): PrefixEntry<T> | null {
  const bits = bitText(address.family, address.value)
  return entries
    .filter(({ prefix }) => prefix.family === address.family && bits.startsWith(networkBits(prefix)))
    .reduce<PrefixEntry<T> | null>((best, entry) => {
      return best !== null && best.prefix.length >= entry.prefix.length ? best : entry
    }, null)
}

test('the index finds what a search through all prefixes finds, at every edge and between', () => {
  let nested = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: crowdedPrefix }, anyPrefix), { maxLength: 40 }),
      fc.array(anyAddress, { maxLength: 10 }),
      (prefixes, addresses) => {
        const entries = prefixes.map((prefix, value) => ({ prefix, value }))
        const index = buildPrefixIndex(entries)
        const edges = prefixes.flatMap(({ family, first, last }) =>
          [first - 1n, first, last, last + 1n]
            .filter((value) => value >= 0n && value >> BigInt(ADDRESS_BITS[family]) === 0n)
            .map((value) => addressOf(family, value)),
        )
        for (const address of [...edges, ...addresses]) {
          const expected = longestMatch(entries, address)
          if (expected !== null && expected.prefix.length > 0) nested += 1
          assert.equal(index.find(address), expected, address.text)
        }
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(nested > 1000, `only ${nested} look-ups met a prefix longer than zero`)
})

test('of equal prefixes the first is kept', () => {
  const prefix = mustParsePrefix('203.0.113.0/24')
  const index = buildPrefixIndex([
    { prefix, value: 'first' },
    { prefix: mustParsePrefix('203.0.113.0/25'), value: 'inner' },
    { prefix, value: 'second' },
  ])
  assert.equal(index.find(addressOf(4, prefix.last))?.value, 'first')
})

test('one index keeps the families apart', () => {
  const index = buildPrefixIndex([{ prefix: mustParsePrefix('::/0'), value: 'all of IPv6' }])
  assert.equal(index.find(addressOf(4, 0x0a00_0001n)), null)
  assert.equal(index.find(addressOf(6, 0x0a00_0001n))?.value, 'all of IPv6')
})

test('an empty index finds nothing', () => {
  assert.equal(buildPrefixIndex([]).find(addressOf(4, 0n)), null)
})

test('an index of 100,000 prefixes finds the longest one around the last address of each', () => {
  const count = 100_000
  const entries = Array.from({ length: count }, (_, value) => {
    // Scattered and nested: a third are short, and half are IPv6.
    const family = value % 2 === 0 ? 4 : 6
    const bits = bitText(
      family,
      (BigInt(value) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835n) % (1n << BigInt(ADDRESS_BITS[family])),
    )
    return { prefix: prefixFrom(family, bits.slice(0, value % 3 === 0 ? 16 : family === 4 ? 28 : 64)), value }
  })
  const index = buildPrefixIndex(entries)
  for (const { prefix } of entries) {
    const found = index.find(addressOf(prefix.family, prefix.last))
    assert.ok(found && contains(found.prefix, addressOf(prefix.family, prefix.last)), prefix.text)
    assert.ok(found.prefix.length >= prefix.length, `${found.prefix.text} is shorter than ${prefix.text}`)
  }
})
