/** The addresses that events may be sent to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../../src/ip/address.ts'
import { prefixOf } from '../../src/ip/prefix.ts'
import { type DestinationFacts, destinationsOf, Undeliverable } from '../../src/webhooks/destination.ts'

const PUBLIC = '93.184.216.34'
const OWN = parseAddress('93.184.216.99') ?? assert.fail()

const around = (found: readonly string[] = [], more: Partial<DestinationFacts> = {}): DestinationFacts => ({
  allowLoopback: false,
  translations: [],
  own: () => [OWN],
  addressesOf: async () => found,
  ...more,
})

const to = async (url: string, surroundings: DestinationFacts) =>
  (await destinationsOf(new URL(url), surroundings)).map(({ text }) => text)

const refusal = (url: string, surroundings: DestinationFacts): Promise<string> =>
  destinationsOf(new URL(url), surroundings).then(
    (found) => assert.fail(`${url} leads to ${found.map(({ text }) => text)}`),
    (error) => {
      assert.ok(error instanceof Undeliverable)
      return error.message
    },
  )

test('a name leads to its public addresses, IPv4 first', async () => {
  const found = ['2606:2800:220:1::1', PUBLIC]
  assert.deepEqual(await to('https://portal.example/hook', around(found)), [PUBLIC, '2606:2800:220:1::1'])
})

test('no event goes to a special range, whether the web address has an IP address or a name', async () => {
  for (const ip of [
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '127.0.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    '::ffff:10.0.0.1',
  ]) {
    assert.match(await refusal('https://portal.example/', around([ip])), / is in .*, where no webhook is sent$/, ip)
    const literal = ip.includes(':') ? `[${ip}]` : ip
    assert.match(await refusal(`https://${literal}/`, around()), / is in /, ip)
  }
})

test('other spellings of an address are the same address', async () => {
  for (const host of ['0x7f.1', '2130706433', '0177.0.0.1', '127.1', '①②⑦.0.0.1', '[::ffff:127.0.0.1]']) {
    assert.match(await refusal(`https://${host}/`, around()), / is in /, host)
  }
})

test('if a name has a public and a private address, only the public one counts', async () => {
  assert.deepEqual(await to('https://portal.example/', around(['10.0.0.1', PUBLIC])), [PUBLIC])
})

test('a name without an address leads nowhere', async () => {
  assert.match(await refusal('https://portal.example/', around()), /^portal\.example has no address/)
  assert.match(await refusal('https://portal.example/', around(['no address'])), /has no address/)
})

test('our own addresses get no events', async () => {
  assert.match(await refusal(`https://${OWN.text}/`, around()), /is an address of this service itself$/)
})

test('an address that our network translates to a special one gets no events', async () => {
  const translating = around([], { translations: [prefixOf('2001:4860:64::/96')] })
  assert.match(await refusal('https://[2001:4860:64::a00:1]/', translating), / is in 10\.0\.0\.0\/8/)
})

test('loopback gets events only if the setting allows it, and only loopback may be without TLS', async () => {
  const trial = { allowLoopback: true }
  assert.deepEqual(await to('http://127.0.0.1:8080/', around([], trial)), ['127.0.0.1'])
  assert.deepEqual(await to('http://portal.example/', around(['::1'], trial)), ['::1'])
  assert.match(await refusal('http://127.0.0.1:8080/', around()), /gets webhooks by https only$/)
  assert.match(await refusal(`http://${PUBLIC}/`, around([], trial)), /gets webhooks by https only$/)
  assert.match(await refusal('https://10.0.0.1/', around([], trial)), / is in 10\.0\.0\.0\/8/)
})
