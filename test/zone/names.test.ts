/** The names of our zone: each can be read again, and nobody without the key can make or change one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DOMAIN_NAME } from '../../src/contract/domain.ts'
import { addressOf, parseAddress } from '../../src/ip/address.ts'
import { readName, steeredName, withinZone, type Zone } from '../../src/zone/names.ts'
import fc from '../harness/fast-check.ts'
import { cases } from '../harness/mass.ts'

const ZONE: Zone = { name: 'steer.isp.example', key: 'k'.repeat(32) }
const NOON = new Date('2026-03-01T12:00:00Z')
const hoursLater = (hours: number) => new Date(NOON.getTime() + hours * 3_600_000)
const addressIn = (text: string) => parseAddress(text) ?? assert.fail(text)
const SERVER = { address: addressIn('203.0.113.25'), host: 'mail.example.com' }

const anyAddress = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => addressOf(4, value)),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => addressOf(6, value)),
)
const anyLabel = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/)
const anyHost = fc.option(
  fc.array(anyLabel, { minLength: 1, maxLength: 8 }).map((labels) => [...labels, 'example'].join('.')),
)

test('100,000 generated servers: each name leads back to its server, and is a strict domain name', () => {
  fc.assert(
    fc.property(anyAddress, anyHost, (address, host) => {
      const name = steeredName(ZONE, { address, host }, NOON)
      assert.match(name, DOMAIN_NAME)
      const read = readName(ZONE, name, NOON)
      assert.deepEqual(read?.address, address)
      assert.ok(read.host === host || (read.host === null && `${host}.${ZONE.name}`.length + 33 > 253))
    }),
    { numRuns: 100_000 },
  )
})

test('a name is read in any case, because resolvers change it', () => {
  const name = steeredName(ZONE, SERVER, NOON)
  assert.deepEqual(readName(ZONE, name.toUpperCase(), NOON), SERVER)
  assert.equal(name, `${name.slice(0, 32)}.mail.example.com.steer.isp.example`)
})

test('a host name that is no strict domain name is left out, and so is one that is too long', () => {
  const long = `${'a'.repeat(60)}.`.repeat(4)
  for (const host of [
    'mail',
    '[203.0.113.25]',
    '203.0.113.25',
    'a b.example',
    'a_b.example',
    'mail.example.com\r\nRCPT',
    'mäil.example',
    '.example.com',
    `${long}example`,
  ]) {
    const name = steeredName(ZONE, { ...SERVER, host }, NOON)
    assert.match(name, /^[0-9a-f]{32}\.steer\.isp\.example$/, host)
    assert.deepEqual(readName(ZONE, name, NOON), { ...SERVER, host: null })
  }
})

test('a name with another key, zone, server or host is not ours', () => {
  const name = steeredName(ZONE, SERVER, NOON)
  const [label = '', ...rest] = name.split('.')
  const forged = [
    steeredName({ ...ZONE, key: 'l'.repeat(32) }, SERVER, NOON),
    steeredName({ ...ZONE, name: 'other.example' }, SERVER, NOON),
    steeredName({ ...ZONE, name: 'other.example' }, SERVER, NOON).replace('other.example', ZONE.name),
    `${label}.${ZONE.name}`,
    `${label}.mail.example.net.${ZONE.name}`,
    `${label}.x.${rest.join('.')}`,
    `x.${name}`,
    `${label}0.${rest.join('.')}`,
    `${label.slice(1)}.${rest.join('.')}`,
    `${label.slice(0, 4)}cb00711a${label.slice(12)}.${rest.join('.')}`,
    `${name}.example.com`,
    name.replace(`.${ZONE.name}`, `-${ZONE.name}`),
    ZONE.name,
    '',
    '.',
  ]
  for (const other of forged) assert.equal(readName(ZONE, other, NOON), null, other)
})

test('no change of one character of the first label gives a valid name', () => {
  for (const address of [SERVER.address, addressIn('2001:db8::25')]) {
    const name = steeredName(ZONE, { address, host: null }, NOON)
    for (let at = 0; at < name.indexOf('.'); at += 1) {
      for (const other of '0123456789abcdefg-') {
        const changed = `${name.slice(0, at)}${other}${name.slice(at + 1)}`
        if (changed !== name) assert.equal(readName(ZONE, changed, NOON), null, changed)
      }
    }
  }
})

test('generated labels are never valid', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{32}$|^[0-9a-f]{60}$/)
  fc.assert(
    fc.property(hex, anyHost, (label, host) => {
      assert.equal(readName(ZONE, [label, ...(host === null ? [] : [host]), ZONE.name].join('.'), NOON), null)
    }),
    { numRuns: cases(10_000) },
  )
})

test('a name is valid on its day and the next one, as long as mail to it counts', () => {
  const name = steeredName(ZONE, SERVER, NOON)
  for (const hours of [0, 11, 24, 35]) assert.ok(readName(ZONE, name, hoursLater(hours)), `${hours}`)
  for (const hours of [36, 48, 24 * 365]) assert.equal(readName(ZONE, name, hoursLater(hours)), null, `${hours}`)
  assert.ok(readName(ZONE, name, hoursLater(-13)), 'the clock of another replica is behind')
  assert.equal(readName(ZONE, name, hoursLater(-37)), null)
})

test('a test later on the same day has the same name, so that greylisting sees the same recipient', () => {
  assert.equal(steeredName(ZONE, SERVER, NOON), steeredName(ZONE, SERVER, hoursLater(11)))
  assert.notEqual(steeredName(ZONE, SERVER, NOON), steeredName(ZONE, SERVER, hoursLater(12)))
})

test('a name is inside the zone only as a whole label', () => {
  assert.equal(withinZone(ZONE, 'STEER.isp.example'), '')
  assert.equal(withinZone(ZONE, 'a.B.steer.isp.example'), 'a.b')
  for (const name of ['xsteer.isp.example', 'isp.example', 'steer.isp.example.com', ''])
    assert.equal(withinZone(ZONE, name), null)
})
