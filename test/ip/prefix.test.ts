/** Networks in CIDR notation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADDRESS_BITS } from '../../src/ip/address.ts'
import { contains, overlaps, parsePrefix } from '../../src/ip/prefix.ts'
import fc from '../harness/fast-check.ts'
import { anyAddress, anyPrefix, bitText, networkBits, prefixFrom } from './arbitraries.ts'

const faultOf = (text: string): string | null => {
  const parsed = parsePrefix(text)
  return parsed.ok ? null : parsed.fault
}

test('a network has its first and last address, its length and its canonical text', () => {
  assert.deepEqual(parsePrefix('203.0.113.0/24'), {
    ok: true,
    prefix: { family: 4, first: 0xcb00_7100n, last: 0xcb00_71ffn, length: 24, text: '203.0.113.0/24' },
  })
  assert.deepEqual(parsePrefix('2001:DB8:0::/127'), {
    ok: true,
    prefix: {
      family: 6,
      first: 0x2001_0db8n << 96n,
      last: (0x2001_0db8n << 96n) + 1n,
      length: 127,
      text: '2001:db8::/127',
    },
  })
  assert.deepEqual(parsePrefix('::/0'), {
    ok: true,
    prefix: { family: 6, first: 0n, last: (1n << 128n) - 1n, length: 0, text: '::/0' },
  })
})

test('a fault says what to write instead', () => {
  assert.equal(faultOf('203.0.113.25'), 'write 203.0.113.25/32')
  assert.equal(faultOf('2001:DB8::25'), 'write 2001:db8::25/128')
  assert.equal(faultOf('203.0.113.25/24'), '203.0.113.25/24 has host bits set: write 203.0.113.0/24 or 203.0.113.25/32')
  assert.equal(
    faultOf('2001:db8::1:0/64'),
    '2001:db8::1:0/64 has host bits set: write 2001:db8::/64 or 2001:db8::1:0/128',
  )
  const address = 'write a network as address/length: the address must be an IPv4 or IPv6 address, '
  assert.equal(faultOf('mail.example.com/24'), `${address}not a host name`)
  assert.equal(faultOf('/24'), `${address}and this text is empty`)
})

test('a length is a plain decimal number within the family', () => {
  const lengths = [
    '',
    '33',
    '032',
    '00',
    '+8',
    '-1',
    ' 8',
    '8 ',
    '8\n',
    '0x8',
    '8.0',
    '1e1',
    '255.0.0.0',
    '8/8',
    '８',
    '\0',
  ]
  for (const length of lengths) {
    assert.equal(faultOf(`0.0.0.0/${length}`), 'the length after the slash must be a plain decimal number from 0 to 32')
  }
  assert.equal(faultOf('::/129'), 'the length after the slash must be a plain decimal number from 0 to 128')
  assert.equal(faultOf('0.0.0.0/32'), null)
  assert.equal(faultOf('0.0.0.0/0'), null)
  assert.equal(faultOf('::/128'), null)
})

test('the address of a network is read as strictly as a single address', () => {
  for (const text of ['010.0.0.0/8', '10/8', '10.0.0/8', ' 10.0.0.0/8', '[::]/0', 'fe80::%lo/64', '0x0a.0.0.0/8']) {
    assert.notEqual(faultOf(text), null, text)
  }
})

test('an address and a length make the network that its leading bits name, or a fault that names it', () => {
  fc.assert(
    fc.property(anyAddress, fc.nat(128), ({ family, value, text }, anyLength) => {
      const length = anyLength % (ADDRESS_BITS[family] + 1)
      const bits = bitText(family, value)
      const parsed = parsePrefix(`${text}/${length}`)
      if (bits.slice(length).includes('1')) {
        const network = prefixFrom(family, bits.slice(0, length)).text
        const single = `${text}/${ADDRESS_BITS[family]}`
        assert.ok(!parsed.ok && parsed.fault.endsWith(`: write ${network} or ${single}`), `${text}/${length}`)
      } else {
        const last = BigInt(`0b${bits.slice(0, length).padEnd(bits.length, '1')}`)
        assert.deepEqual(parsed, {
          ok: true,
          prefix: { family, first: value, last, length, text: `${text}/${length}` },
        })
      }
    }),
    { numRuns: 3000 },
  )
})

test('a network contains exactly the addresses that start with its bits', () => {
  const nearby = fc.tuple(anyPrefix, anyAddress, fc.boolean()).map(([prefix, address, inside]) => {
    if (!inside || prefix.family !== address.family) return { prefix, address }
    const size = prefix.last - prefix.first + 1n
    return { prefix, address: { ...address, value: prefix.first + (address.value % size) } }
  })
  fc.assert(
    fc.property(nearby, ({ prefix, address }) => {
      const expected =
        prefix.family === address.family && bitText(address.family, address.value).startsWith(networkBits(prefix))
      assert.equal(contains(prefix, address), expected)
    }),
    { numRuns: 3000 },
  )
})

test('two networks overlap exactly if the bits of one start with those of the other', () => {
  fc.assert(
    fc.property(anyPrefix, anyPrefix, (a, b) => {
      const [bitsA, bitsB] = [networkBits(a), networkBits(b)]
      assert.equal(overlaps(a, b), a.family === b.family && (bitsA.startsWith(bitsB) || bitsB.startsWith(bitsA)))
    }),
    { numRuns: 5000 },
  )
})
