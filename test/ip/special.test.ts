/** Special-purpose addresses, which are never tested. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Address, addressOf, parseAddress } from '../../src/ip/address.ts'
import { overlaps, prefixOf } from '../../src/ip/prefix.ts'
import { isLoopback, overlappingSpecials, specialRange } from '../../src/ip/special.ts'
import fc from '../harness/fast-check.ts'
import { anyPrefix } from './arbitraries.ts'

const fixture = (name: string): readonly (readonly string[])[] =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))

function addressFrom(text: string): Address {
  const address = parseAddress(text)
  assert.ok(address, text)
  return address
}

const textsOf = (network: string): readonly string[] => overlappingSpecials(prefixOf(network)).map(({ text }) => text)

test('all 337 vectors are allowed or denied as expected', () => {
  const vectors = fixture('deny-vectors.tsv')
  assert.equal(vectors.length, 337)
  const got = vectors.map(([text = '']) => [text, specialRange(addressFrom(text)) === null ? 'allow' : 'deny'])
  assert.deepEqual(got, vectors)
})

// The fixture was computed by another program from a list of ranges of its own: the first and last address of every
// range and the addresses before and after it, each with the narrowest range around it and that range's kind.
test('at the boundaries of every range the narrowest range counts', () => {
  const boundaries = fixture('special-boundaries.tsv')
  const got = boundaries.map(([text = '']) => {
    const range = specialRange(addressFrom(text))
    return [text, range?.text ?? '-', range?.kind ?? '-']
  })
  assert.deepEqual(got, boundaries)
})

test('the boundaries are those of the whole table', () => {
  const inFixture = new Set(fixture('special-boundaries.tsv').map(([, range]) => range))
  inFixture.delete('-')
  const inTable = new Set([...textsOf('0.0.0.0/0'), ...textsOf('::/0')])
  assert.deepEqual(inTable, inFixture)
})

test('a range is liftable exactly if it is merely reserved, and none within a forbidden range is', () => {
  const ranges = ['0.0.0.0/0', '::/0'].flatMap((network) => overlappingSpecials(prefixOf(network)))
  for (const { text, kind, liftable } of ranges) {
    assert.equal(liftable, kind === 'reserved', text)
    if (liftable) continue
    const { family, first, last } = prefixOf(text)
    const within = ranges
      .map((range) => ({ range, prefix: prefixOf(range.text) }))
      .filter(({ prefix }) => {
        return prefix.family === family && first <= prefix.first && prefix.last <= last
      })
    assert.deepEqual(
      within.filter(({ range }) => range.liftable),
      [],
      text,
    )
  }
})

test('loopback is told apart from everything else', () => {
  for (const text of ['127.0.0.0', '127.0.0.1', '127.255.255.255', '::1']) {
    assert.ok(isLoopback(addressFrom(text)), text)
    assert.equal(specialRange(addressFrom(text))?.liftable, false)
  }
  for (const text of ['126.255.255.255', '128.0.0.0', '0.0.0.0', '::', '::2', '::ffff:127.0.0.1', '::127.0.0.1']) {
    assert.ok(!isLoopback(addressFrom(text)), text)
  }
})

test('an ISATAP interface id is never allowed, whatever network it is in', () => {
  const addresses = ['2001:4860::5efe:8.8.8.8', '2001:4860::200:5efe:8.8.8.8', '2001:db8::5efe:10.0.0.1']
  for (const text of [...addresses, 'fd00::5efe:10.0.0.1', '2606:4700:4700:1:0:5efe:1:1']) {
    assert.equal(specialRange(addressFrom(text))?.name, 'ISATAP', text)
    assert.equal(specialRange(addressFrom(text))?.liftable, false)
  }
  for (const text of [
    '2001:4860::5eff:808:808',
    '2001:4860::100:5efe:808:808',
    '2001:4860::5efe:808',
    '2001:4860:5efe::',
  ]) {
    assert.equal(specialRange(addressFrom(text)), null, text)
  }
})

test('a network meets the special ranges within it and the narrowest one around it', () => {
  assert.deepEqual(textsOf('8.8.8.0/24'), [])
  assert.deepEqual(textsOf('203.0.113.0/24'), ['203.0.113.0/24'])
  assert.deepEqual(textsOf('203.0.113.25/32'), ['203.0.113.0/24'])
  assert.deepEqual(textsOf('203.0.112.0/23'), ['203.0.113.0/24'])
  assert.deepEqual(textsOf('10.1.0.0/16'), ['10.0.0.0/8'])
  assert.deepEqual(textsOf('169.254.1.0/24'), ['169.254.0.0/16'])
  assert.deepEqual(textsOf('169.254.169.0/24'), ['169.254.169.254/32', '169.254.0.0/16'])
  assert.deepEqual(textsOf('169.254.169.254/32'), ['169.254.169.254/32'])
  assert.deepEqual(textsOf('127.0.0.1/32'), ['127.0.0.0/8'])
  assert.deepEqual(textsOf('::1/128'), ['::1/128'])
  assert.deepEqual(textsOf('::/126'), ['::/128', '::1/128', '::/96'])
  assert.deepEqual(textsOf('2001:db8:1::/64'), ['2001:db8::/32'])
  assert.deepEqual(textsOf('2001::/64'), ['2001::/32'])
  assert.deepEqual(textsOf('2a00:1450:4001::/64'), [])
  assert.deepEqual(textsOf('2a00:1450:4001::5efe:0:0/95'), [])
  assert.deepEqual(textsOf('2a00:1450:4001::5efe:0:0/96'), ['*:0:5efe:0:0/96'])
  assert.deepEqual(textsOf('2001:db8::200:5efe:a00:1/128'), ['*:0:5efe:0:0/96'])
})

test('a network meets exactly the ranges that its addresses are in, except for single ISATAP addresses', () => {
  const network = fc.tuple(anyPrefix, fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }))
  fc.assert(
    fc.property(network, ([prefix, random]) => {
      const met = overlappingSpecials(prefix)
      const size = prefix.last - prefix.first + 1n
      for (const offset of [0n, 1n % size, random % size, size - 1n]) {
        const range = specialRange(addressOf(prefix.family, prefix.first + offset))
        if (range === null || (range.name === 'ISATAP' && prefix.length < 96)) continue
        assert.ok(met.includes(range), `${prefix.text} is said to meet ${met.map(({ text }) => text)}`)
      }
      for (const range of met.filter(({ name }) => name !== 'ISATAP')) {
        assert.ok(overlaps(prefixOf(range.text), prefix), `${prefix.text} and ${range.text}`)
      }
    }),
    { numRuns: 5000 },
  )
})
