/** The look-up of names, with a name server of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressList } from '../../src/contract/scope.ts'
import { type DnsServer, dnsServer } from '../harness/dns-server.ts'
import { bearer, leftOf, problemIn } from '../harness/http.ts'
import { conforms } from '../harness/openapi.ts'
import { KEYS, startService, type TestService } from '../harness/service.ts'

const ZONE = {
  'example.com': {
    a: ['127.0.0.80'],
    mx: [
      [20, 'backup.example.com'],
      [10, 'MAIL.example.com'],
      [30, 'foreign.example.org'],
    ],
  },
  'mail.example.com': { a: ['127.0.0.25', '127.0.0.99'], aaaa: ['2001:db8::25'] },
  'backup.example.com': { a: ['127.0.1.25', '127.0.0.25'] },
  'foreign.example.org': {
    a: ['93.184.216.34', '10.0.0.1'],
    aaaa: ['::ffff:7f00:1'],
  },
  'inside.example.com': { a: ['10.96.0.1', '169.254.169.254'], aaaa: ['fd00::1'] },
  'nomail.example.com': { mx: [[0, '.']] },
  'slow.example.com': 'silent',
  'broken.example.com': 'failing',
  'odd.example.com': {
    mx: [
      [10, '<script>.example.com'],
      [20, 'mail.example.com'],
    ],
  },
  'mixed.example.com': {
    mx: [
      [10, 'inside.example.com'],
      [20, 'slow.example.com'],
      [30, 'mail.example.com'],
    ],
  },
  'many.example.com': { a: Array.from({ length: 40 }, (_, index) => `9.9.9.${index + 1}`) },
  'huge.example.com': { mx: Array.from({ length: 12 }, (_, index) => [index, `h${index}.example.com`] as const) },
  ...Object.fromEntries(
    Array.from({ length: 12 }, (_, index) => [
      `h${index}.example.com`,
      { a: Array.from({ length: 8 }, (_, host) => `9.9.${index}.${host + 1}`) },
    ]),
  ),
} as const

const list = async (service: TestService, name: string, key: string = KEYS.partner) => {
  const response = await service.fetch(`/addresses?name=${encodeURIComponent(name)}`, { headers: bearer(key) })
  return addressList.parse(await conforms('get /addresses', response, 200))
}

const brief = ({ addresses }: Awaited<ReturnType<typeof list>>) =>
  addresses.map(({ ip, host, testable, problem }) => [ip, host, testable || problem?.type.split(':').at(-1)])

test('a name is looked up, and each address says whether this key may test it', async (t) => {
  const dns: DnsServer = await dnsServer(t, ZONE)
  const service = await startService(t, { env: { DNS_SERVERS: dns.address } })

  await t.test('addresses of mail exchangers come first, the most preferred before the others, each once', async () => {
    const found = await list(service, 'Example.COM')
    assert.equal(found.name, 'example.com')
    assert.deepEqual(found.mx, [
      { preference: 10, host: 'mail.example.com' },
      { preference: 20, host: 'backup.example.com' },
      { preference: 30, host: 'foreign.example.org' },
    ])
    assert.deepEqual(brief(found), [
      ['127.0.0.25', 'mail.example.com', true],
      ['127.0.0.99', 'mail.example.com', 'opted-out'],
      ['127.0.1.25', 'backup.example.com', true],
      ['93.184.216.34', 'foreign.example.org', 'not-allowed'],
      ['127.0.0.80', 'example.com', true],
    ])
    assert.deepEqual(found.unanswered, [])
    assert.equal(found.truncated, false)
  })

  await t.test('each address has the customer and the domain that a test would be for', async () => {
    const { addresses } = await list(service, 'example.com')
    const of = (ip: string) => addresses.find((one) => one.ip === ip)
    assert.deepEqual([of('127.0.0.25')?.customerId, of('127.0.0.25')?.domain], ['acme', 'example.com'])
    // Customer beta has no domain, so example.com is not one of its domains.
    assert.deepEqual([of('127.0.1.25')?.customerId, of('127.0.1.25')?.domain], ['beta', null])
    assert.equal(of('93.184.216.34')?.customerId, null)
  })

  await t.test('callers with all customers in their scope see more', async () => {
    const found = await list(service, 'foreign.example.org', KEYS.desk)
    assert.equal(found.addresses.find(({ ip }) => ip === '93.184.216.34')?.customerId, 'gamma')
    assert.match(found.addresses.find(({ ip }) => ip === '10.0.0.1')?.problem?.detail ?? '', /10\.0\.0\.0\/8/)
    assert.equal(found.addresses.find(({ ip }) => ip === '::ffff:7f00:1')?.testable, false)
  })

  await t.test('no other caller sees the internal addresses of a name', async () => {
    const inside = await list(service, 'inside.example.com')
    const { addresses, ...rest } = await list(service, 'no-such-name.example.com')
    assert.deepEqual(inside, { addresses, ...rest, name: 'inside.example.com' })
    assert.equal((await list(service, 'inside.example.com', KEYS.desk)).addresses.length, 3)
  })

  await t.test('an address is returned without a DNS question', async () => {
    const before = dns.questions.length
    assert.deepEqual(brief(await list(service, '127.0.0.1')), [['127.0.0.1', null, true]])
    assert.deepEqual(brief(await list(service, '2001:DB8:0::1')), [['2001:db8::1', null, 'address-special']])
    assert.equal(dns.questions.length, before)
  })

  await t.test('a name that does not exist has no addresses', async () => {
    const found = await list(service, 'no-such-name.example.com')
    assert.deepEqual([found.mx, found.addresses, found.unanswered], [[], [], []])
  })

  await t.test('a domain that takes no mail says so', async () => {
    assert.deepEqual((await list(service, 'nomail.example.com')).mx, [{ preference: 0, host: '.' }])
  })

  await t.test('questions without an answer are listed, within the deadline', async () => {
    const [slow, broken] = await Promise.all([list(service, 'slow.example.com'), list(service, 'broken.example.com')])
    for (const { name, unanswered, addresses } of [slow, broken]) {
      assert.deepEqual(addresses, [])
      assert.deepEqual(unanswered.map(({ type }) => type).sort(), ['A', 'AAAA', 'MX'])
      assert.ok(unanswered.every((question) => question.name === name))
    }
  })

  await t.test('at most three exchangers are shown, after nine questions at most', async () => {
    const before = dns.questions.length
    const found = await list(service, 'huge.example.com')
    assert.deepEqual([found.mx.length, found.addresses.length, found.truncated], [3, 24, true])
    assert.equal(dns.questions.length - before, 9)
  })

  await t.test('at most 32 addresses are shown', async () => {
    const found = await list(service, 'many.example.com')
    assert.deepEqual([found.addresses.length, found.truncated], [32, true])
  })

  await t.test('no other caller sees the names of exchangers that lead only inside', async () => {
    const names = ({ mx, unanswered }: Awaited<ReturnType<typeof list>>) => [
      mx.map(({ host }) => host),
      unanswered.map(({ name }) => name),
    ]
    assert.deepEqual(names(await list(service, 'mixed.example.com')), [['mail.example.com'], []])
    const all = ['inside.example.com', 'slow.example.com', 'mail.example.com']
    assert.deepEqual(names(await list(service, 'mixed.example.com', KEYS.desk)), [
      all,
      ['slow.example.com', 'slow.example.com'],
    ])
  })

  await t.test('an exchanger that is not a valid name is neither shown nor looked up', async () => {
    const found = await list(service, 'odd.example.com')
    assert.deepEqual(found.mx, [{ preference: 20, host: 'mail.example.com' }])
    assert.equal(found.truncated, true)
    assert.ok(!dns.questions.some((question) => question.includes('script')))
  })

  await t.test('a text that is not a name is refused and never looked up', async () => {
    const before = dns.questions.length
    const no = (text: string) => `/addresses?name=${encodeURIComponent(text)}`
    const hostile = [
      ...[
        '',
        ' ',
        '.',
        'localhost',
        'example.com..',
        '-a.example.com',
        'a-.example.com',
        'a_b.example.com',
        'a..b.com',
      ],
      ...['exämple.com', 'a.example.com\r\nb', 'a.example.com\0', '%65xample.com', '1.2.3', '0x7f000001', '127.1'],
      ...['127.0.0.1:25', '[::1]', 'fe80::1%lo', '::ffff:127.0.0.1', 'http://example.com/', '*.example.com'],
      ...['user@example.com', `${'a'.repeat(64)}.com`, `${'a.'.repeat(127)}com`, '<script>', 'a b.com', 'example.1'],
    ].map(no)
    const shapes = [
      '/addresses',
      '/addresses?name=a.com&name=b.com',
      '/addresses?name=a.com&x=1',
      '/addresses?ip=1.1.1.1',
    ]
    for (const path of [...hostile, ...shapes]) await problemIn(await service.fetch(path), 'invalid-request')
    await conforms('get /addresses', await service.fetch(no('a_b.example.com')), 'invalid-request')
    assert.equal(dns.questions.length, before)
  })

  await t.test('a look-up costs one request and no test', async () => {
    const [requests, tests] = [
      await leftOf(service, 'requests', KEYS.partner),
      await leftOf(service, 'tests-caller', KEYS.partner),
    ]
    await list(service, 'example.com')
    assert.equal(await leftOf(service, 'requests', KEYS.partner), requests - 3)
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), tests)
  })

  await t.test('a look-up needs a key', async () => {
    const response = await service.fetch('/addresses?name=example.com', { headers: bearer('none') })
    await conforms('get /addresses', response, 'unauthenticated')
  })
})
