/** The IPv4 address behind an IPv6 address, with the examples of RFC 6052 section 2.4. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { prefixOf } from '../../src/ip/prefix.ts'
import { canTranslate, translatedFrom } from '../../src/ip/translated.ts'
import { addressOf } from '../harness/addresses.ts'

test('the examples of RFC 6052 lead to 192.0.2.33, and so does 6rd', () => {
  const rows = [
    ['2001:db8::/32', '2001:db8:c000:221::'],
    ['2001:db8:100::/40', '2001:db8:1c0:2:21::'],
    ['2001:db8:122::/48', '2001:db8:122:c000:2:2100::'],
    ['2001:db8:122:300::/56', '2001:db8:122:3c0:0:221::'],
    ['2001:db8:122:344::/64', '2001:db8:122:344:c0:2:2100::'],
    ['2001:db8:122:344::/96', '2001:db8:122:344::192.0.2.33'],
    ['2001:d00::/24', '2001:dc0:2:2100::1'],
  ] as const
  for (const [network, address] of rows) {
    const prefix = prefixOf(network)
    assert.ok(canTranslate(prefix), network)
    assert.deepEqual(
      translatedFrom(addressOf(address), [prefix]).map(({ text }) => text),
      ['192.0.2.33'],
      network,
    )
    assert.deepEqual(translatedFrom(addressOf('2620::1'), [prefix]), [])
  }
})

test('other lengths, and IPv4, cannot be translated', () => {
  for (const network of ['2001:db8::/33', '2001:db8::/65', '2001:db8::1/128', '192.0.2.0/24', '::/0']) {
    assert.equal(canTranslate(prefixOf(network)), false, network)
  }
})
