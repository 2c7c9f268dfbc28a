/** The look-up of the longest prefix, against a search through all of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADDRESS_BITS, type Address, addressOf } from '../../src/ip/address.ts'
import { contains, type Prefix, prefixOf } from '../../src/ip/prefix.ts'
import { PrefixIndex } from '../../src/ip/prefix-index.ts'
import fc from '../harness/fast-check.ts'
import { anyAddress, anyPrefix, bitText, crowdedPrefix, networkBits, prefixFrom } from './arbitraries.ts'

/** An index in which the value of each prefix is its place in the list. */
function indexOf(prefixes: readonly Prefix[]): PrefixIndex<number> {
  const index = new PrefixIndex<number>()
  for (const [number, prefix] of prefixes.entries()) index.add(prefix, number)
  return index
}

/** The numbers of the prefixes whose bits the address starts with, the longest first; of equal ones the first. */
function around(prefixes: readonly Prefix[], address: Address): number[] {
  const bits = bitText(address.family, address.value)
  return [...prefixes.entries()]
    .filter(([, prefix]) => prefix.family === address.family && bits.startsWith(networkBits(prefix)))
    .filter(([number, { text }]) => prefixes.findIndex((prefix) => prefix.text === text) === number)
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([number]) => number)
}

test('the index finds what a search through all prefixes finds, at every edge and between', () => {
  let nested = 0
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: crowdedPrefix }, anyPrefix), { maxLength: 40 }),
      fc.array(anyAddress, { maxLength: 10 }),
      (prefixes, addresses) => {
        const index = indexOf(prefixes)
        const edges = prefixes.flatMap(({ family, first, last }) =>
          [first - 1n, first, last, last + 1n]
            .filter((value) => value >= 0n && value >> BigInt(ADDRESS_BITS[family]) === 0n)
            .map((value) => addressOf(family, value)),
        )
        for (const address of [...edges, ...addresses]) {
          const expected = around(prefixes, address)
          if (expected.length > 1) nested += 1
          assert.deepEqual(index.around(address), expected, address.text)
        }
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(nested > 1000, `only ${nested} look-ups met one prefix within another`)
})

test('of equal prefixes the first is kept', () => {
  const prefixes = ['203.0.113.0/24', '203.0.113.0/25', '203.0.113.0/24'].map(prefixOf)
  assert.deepEqual(indexOf(prefixes).around(addressOf(4, 0xcb00_71ffn)), [0])
})

test('one index keeps the families apart', () => {
  const index = indexOf([prefixOf('::/0')])
  assert.deepEqual(index.around(addressOf(4, 0x0a00_0001n)), [])
  assert.deepEqual(index.around(addressOf(6, 0x0a00_0001n)), [0])
})

test('an empty index finds nothing', () => {
  assert.deepEqual(indexOf([]).around(addressOf(4, 0n)), [])
})

test('an index of 100,000 prefixes finds the longest one around the last address of each', () => {
  const count = 100_000
  const prefixes = Array.from({ length: count }, (_, value) => {
    // Scattered and nested: a third are short, and half are IPv6.
    const family = value % 2 === 0 ? 4 : 6
    const bits = bitText(
      family,
      (BigInt(value) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835n) % (1n << BigInt(ADDRESS_BITS[family])),
    )
    return prefixFrom(family, bits.slice(0, value % 3 === 0 ? 16 : family === 4 ? 28 : 64))
  })
  const index = indexOf(prefixes)
  for (const { family, last, length, text } of prefixes) {
    const address = addressOf(family, last)
    const [longest = -1] = index.around(address)
    const found = prefixes[longest]
    assert.ok(found && contains(found, address), text)
    assert.ok(found.length >= length, `${found.text} is shorter than ${text}`)
  }
})
