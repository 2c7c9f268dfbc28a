/** Addresses: only their canonical spellings are accepted. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { addressLiteral, addressOf, canonicalNetwork, hostText, parseAddress } from '../../src/ip/address.ts'
import fc from '../harness/fast-check.ts'
import { anyAddress, ipv4Address, ipv6Address } from './arbitraries.ts'
import { hostileSpellings } from './hostile-spellings.ts'

test('the canonical text of every address reads back as the same address', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      assert.deepEqual(parseAddress(address.text), address)
    }),
    { numRuns: 5000 },
  )
})

test('every text form of RFC 4291 reads as the address that RFC 5952 writes in one way', () => {
  const forms = [
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['2001:0db8:0000:0000:0008:0800:200c:417a', '2001:db8::8:800:200c:417a'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0::', '::'],
    ['::0', '::'],
    ['0::0:1', '::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['1::3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::13.1.68.3', '::d01:4403'],
    ['0:0:0:0:0:FFFF:129.144.52.38', '::ffff:8190:3426'],
    ['1:2:3:4:5:6:7.8.9.10', '1:2:3:4:5:6:708:90a'],
    ['ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['203.0.113.25', '203.0.113.25'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ] as const
  for (const [text, canonical] of forms) assert.equal(parseAddress(text)?.text, canonical, text)
})

test('an address that embeds IPv4 stays an IPv6 address', () => {
  assert.deepEqual(parseAddress('::ffff:127.0.0.1'), { family: 6, value: 0xffff_7f00_0001n, text: '::ffff:7f00:1' })
})

test('python3 writes thousands of random addresses in the same way', (t) => {
  const runs = { numRuns: 2500 }
  // From 3.13 on python writes the mapped range with a dotted tail; here it is always hexadecimal.
  const isMapped = (value: bigint): boolean => value >> 32n === 0xffffn
  const addresses = [
    ...fc.sample(ipv4Address, runs),
    ...fc.sample(ipv6Address, runs).filter(({ value }) => !isMapped(value)),
  ]
  const program = [
    'import ipaddress, sys',
    'for line in sys.stdin:',
    '  family, value = line.split()',
    '  print((ipaddress.IPv4Address if family == "4" else ipaddress.IPv6Address)(int(value)))',
  ].join('\n')
  const input = addresses.map(({ family, value }) => `${family} ${value}`).join('\n')
  const python = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' })
  if (python.error !== undefined && process.env.CI === undefined) return t.skip('python3 is not installed')
  assert.equal(python.error, undefined)
  assert.equal(python.status, 0, python.stderr)
  assert.deepEqual(
    addresses.map(({ text }) => text),
    python.stdout.trimEnd().split('\n'),
  )
})

test('hundreds of hostile spellings of addresses are refused', () => {
  const spellings = hostileSpellings()
  assert.ok(spellings.length >= 500, `${spellings.length} spellings`)
  const accepted = spellings.filter((text) => parseAddress(text) !== null)
  assert.deepEqual(accepted, [])
})

test('an address with one character changed is accepted exactly if Node takes it for an address without a zone', () => {
  const edit = fc.record({
    at: fc.nat(45),
    drop: fc.nat(2),
    insert: fc.string({ unit: fc.constantFrom(...'0123456789abfFx.:%/ \0'), maxLength: 2 }),
  })
  let valid = 0
  const runs = 50_000
  fc.assert(
    fc.property(anyAddress, edit, ({ text }, { at, drop, insert }) => {
      const edited = text.slice(0, at) + insert + text.slice(at + drop)
      const family = edited.includes('%') ? 0 : isIP(edited)
      if (family !== 0) valid += 1
      assert.equal(parseAddress(edited)?.family ?? 0, family, JSON.stringify(edited))
    }),
    { numRuns: runs },
  )
  assert.ok(valid > runs / 20 && valid < runs - runs / 20, `${valid} of ${runs} edited texts are addresses`)
})

test('random text is no address', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(parseAddress(text) === null, isIP(text) === 0 || text.includes('%'))
    }),
    { numRuns: 5000 },
  )
})

test('quotas count an IPv4 address by its /24 and an IPv6 address by its /64', () => {
  const networks = [
    ['203.0.113.25', '203.0.113.0/24'],
    ['255.255.255.255', '255.255.255.0/24'],
    ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:db8:0:1::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
  ] as const
  for (const [text, network] of networks) {
    const address = parseAddress(text)
    assert.ok(address)
    assert.equal(canonicalNetwork(address), network)
  }
})

test('a host and port, and a mail domain, each have brackets of their own', () => {
  const rows = [
    ['192.0.2.1', '192.0.2.1', '[192.0.2.1]'],
    ['2001:DB8:0::1', '[2001:db8::1]', '[IPv6:2001:db8::1]'],
  ] as const
  for (const [text, host, literal] of rows) {
    const address = parseAddress(text)
    assert.ok(address)
    assert.deepEqual([hostText(address), addressLiteral(address)], [host, literal])
  }
})

test('bits that do not fit the family make no address', () => {
  assert.throws(() => addressOf(4, 1n << 32n), RangeError)
  assert.throws(() => addressOf(6, 1n << 128n), RangeError)
  assert.throws(() => addressOf(4, -1n), RangeError)
})
