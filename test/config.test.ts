/** Every setting of the environment, and every way to get it wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../src/config.ts'
import { faultsOf } from './harness/files.ts'

/** The settings without a default. */
const NEEDED = {
  CUSTOMERS_FILE: 'customers.yaml',
  CALLERS_FILE: 'callers.yaml',
  MAILBOX_DOMAIN: 'relaytest.isp.example',
  PROVIDER_NAME: 'ISP Pty Ltd',
  CONTACT: 'https://isp.example/relay-tests',
}

const faults = (env: NodeJS.ProcessEnv, base: NodeJS.ProcessEnv = NEEDED) =>
  faultsOf(() => readConfig({ ...base, ...env }))

test('all but five variables have a default', () => {
  const { MAILBOX_KEY, ...config } = readConfig(NEEDED)
  assert.deepEqual(config, {
    ...NEEDED,
    HOST: '127.0.0.1',
    PORT: 3000,
    METRICS_PORT: 9464,
    LOG_FORMAT: 'auto',
    LOG_LEVEL: 'info',
    ALLOW_LOOPBACK_TARGETS: false,
    DELIVERY_WAIT_MS: 10_000,
    ALLOWED_PORTS: [25],
    IMPLICIT_TLS_PORTS: [465],
    TEST_DEADLINE_MS: 50_000,
    DRAIN_MS: 5_000,
    FOLLOW_UPS: [300_000, 900_000, 3_600_000],
    MAX_CONCURRENT_TESTS: 200,
    RESULT_TTL_SECONDS: 172_800,
    DNS_SERVERS: [],
    QUOTA_REQUESTS: { max: 600, windowMs: 60_000 },
    QUOTA_SWEEPS: { max: 20, windowMs: 86_400_000 },
    QUOTA_CALLER: { max: 60, windowMs: 3_600_000 },
    QUOTA_CUSTOMER: { max: 30, windowMs: 3_600_000 },
    QUOTA_TARGET: { max: 2, windowMs: 600_000 },
    QUOTA_NETWORK: { max: 20, windowMs: 3_600_000 },
  })
  assert.match(MAILBOX_KEY, /^[\w-]{43}$/)
  assert.notEqual(readConfig(NEEDED).MAILBOX_KEY, MAILBOX_KEY)
})

test('variables are read, and nothing else of the environment is', () => {
  const config = readConfig({
    ...NEEDED,
    HOST: '0.0.0.0',
    PORT: '0',
    LOG_LEVEL: 'silent',
    TRUST_PROXY: '10.0.0.0/8, 2001:db8::/32',
    VANTAGES_FILE: 'vantages.yaml',
    MAILBOX_DOMAIN: 'RelayTest.ISP.example',
    MAILBOX_KEY: 'k'.repeat(32),
    ALLOWED_PORTS: '25,587,2525',
    IMPLICIT_TLS_PORTS: '465, 2465',
    AUDIT_FILE: 'audit.log',
    QUOTA_TARGET: '7/2d',
    PATH: '/bin',
  })
  assert.equal(config.HOST, '0.0.0.0')
  assert.equal(config.PORT, 0)
  assert.equal(config.LOG_LEVEL, 'silent')
  assert.deepEqual(config.TRUST_PROXY, ['10.0.0.0/8', '2001:db8::/32'])
  assert.equal(config.VANTAGES_FILE, 'vantages.yaml')
  assert.equal(config.MAILBOX_DOMAIN, 'relaytest.isp.example')
  assert.equal(config.MAILBOX_KEY, 'k'.repeat(32))
  assert.deepEqual(config.ALLOWED_PORTS, [25, 587, 2525])
  assert.deepEqual(config.IMPLICIT_TLS_PORTS, [465, 2465])
  assert.equal(config.AUDIT_FILE, 'audit.log')
  assert.deepEqual(config.QUOTA_TARGET, { max: 7, windowMs: 172_800_000 })
  assert.ok(!('PATH' in config))
  assert.ok(Object.isFrozen(config))
})

test('a bad value is a fault that names the variable and what it must be', () => {
  const quotas = ['QUOTA_REQUESTS', 'QUOTA_CALLER', 'QUOTA_CUSTOMER', 'QUOTA_TARGET', 'QUOTA_NETWORK']
  const rows: readonly (readonly [name: string, bad: readonly string[], expected: RegExp])[] = [
    ['PORT', ['-1', '65536', 'http', '3000.5', '1e3', ' 80', '0x50'], /must be a whole number from 0 to 65535$/],
    ['LOG_LEVEL', ['verbose', 'INFO'], /must be one of fatal, error, warn, info, debug, trace, silent$/],
    ['TRUST_PROXY', ['1', '2', 'true', 'loopback', '10.0.0.0/8,', '10.0.0.0/8,1'], /must be a list of networks; write/],
    ['NAT64_PREFIXES', ['2001:db8::/33', '10.0.0.0/8', '2001:db8:64::/96,64'], /must be a list of IPv6 networks; /],
    ['TRUST_PROXY', ['10.0.0.1'], /must be a list of networks; write 10\.0\.0\.1\/32/],
    ['ALLOW_LOOPBACK_TARGETS', ['yes', '1', 'TRUE'], /must be true or false/],
    ['PROVIDER_NAME', ['ISP\nBcc: a@b.example', 'Ünï', 'x'.repeat(201)], /must be 1 to 200 printable ASCII characters/],
    ['CONTACT', ['nobody', 'ftp://isp.example', 'a@b c', 'a b@c'], /must be a mail address or a web address/],
    [
      'MAILBOX_DOMAIN',
      ['isp', '-a.example', 'a_b.example', 'isp.example.'],
      /must be a domain such as relaytest.isp.example/,
    ],
    [
      'MAILBOX_KEY',
      ['k'.repeat(31), `${'k'.repeat(40)},`, `,${'l'.repeat(40)}`, ['k', 'l', 'm'].map((one) => one.repeat(40)).join()],
      /must be at least 32 characters without a comma/,
    ],
    ['IMPLICIT_TLS_PORTS', ['0', '465;587', 'smtps'], /must be ports such as 25 or 25,587,2525/],
    ['ALLOWED_PORTS', ['0', '65536', 'smtp', '25,', '25;587', '-25', '2.5'], /must be ports such as 25 or 25,587,2525/],
    ['TEST_DEADLINE_MS', ['4999', '300001', '50s'], /must be a whole number from 5000 to 300000/],
    ['DELIVERY_WAIT_MS', ['-1', '300001', '10s'], /must be a whole number from 0 to 300000/],
    [
      'MAILBOX_LISTEN',
      ['2525', ':2525', '0.0.0.0', '0.0.0.0:', '::1:2525', '0.0.0.0:smtp'],
      /must be an address and a port such as 0\.0\.0\.0:2525 or \[::\]:2525/,
    ],
    ['DRAIN_MS', ['-1', '60001'], /must be a whole number from 0 to 60000/],
    ['MAX_CONCURRENT_TESTS', ['0', '10001'], /must be a whole number from 1 to 10000/],
    ['RESULT_TTL_SECONDS', ['59', '2592001'], /must be a whole number from 60 to 2592000/],
    ...quotas.map(
      (name) => [name, ['10', '0/1h', '10/1w', '1.5/1h', '10 / 1h'], /must be a quota such as "60\/1h"/] as const,
    ),
  ]
  for (const [name, bad, expected] of rows) {
    for (const value of bad) {
      const [found = '', ...more] = faults({ [name]: value })
      assert.match(found, expected, `${name}=${value}`)
      assert.ok(found.startsWith(`${name}: `), found)
      assert.deepEqual(more, [], `${name}=${value}`)
    }
  }
})

test('a port list holds plain decimal numbers', () => {
  for (const value of ['0x19', '2e1', '+25', '25.0', '25,0x24b'])
    assert.equal(faults({ ALLOWED_PORTS: value }).length, 1, value)
})

test('limits themselves are within the limits', () => {
  const edges = { PORT: '65535', TEST_DEADLINE_MS: '5000', DRAIN_MS: '60000', MAX_CONCURRENT_TESTS: '1' }
  assert.deepEqual(faults({ ...edges, RESULT_TTL_SECONDS: '60', ALLOWED_PORTS: '1,65535' }), [])
})

test('a result is kept for longer than its test may take', () => {
  const times = (seconds: number, deadlineMs: number) =>
    faults({ RESULT_TTL_SECONDS: `${seconds}`, TEST_DEADLINE_MS: `${deadlineMs}` })
  assert.deepEqual(times(60, 50_000), [])
  assert.deepEqual(times(60, 50_001), [
    'RESULT_TTL_SECONDS: must be at least 61, ten seconds more than TEST_DEADLINE_MS',
  ])
  assert.deepEqual(times(310, 300_000), [])
})

test('metrics have a port of their own, unless both ports are any', () => {
  assert.deepEqual(faults({ PORT: '9464' }), ['METRICS_PORT: must differ from PORT, which is 9464'])
  assert.deepEqual(faults({ PORT: '0', METRICS_PORT: '0' }), [])
})

test('the percent hack of the longest MAILBOX_DOMAIN has a local part of 64 octets', () => {
  const longest = `${'a'.repeat(39)}.example`
  const TOKEN_LENGTH = 16
  assert.equal(TOKEN_LENGTH + '%'.length + longest.length, 64)
  assert.deepEqual(faults({ MAILBOX_DOMAIN: longest }), [])
  assert.deepEqual(faults({ MAILBOX_DOMAIN: `a${longest}` }), ['MAILBOX_DOMAIN: must have at most 47 characters'])
})

test('an empty variable counts as not set', () => {
  const { PORT, QUOTA_TARGET, TRUST_PROXY } = readConfig({
    ...NEEDED,
    PORT: '',
    QUOTA_TARGET: '',
    TRUST_PROXY: '',
    REDIS_URL: '',
  })
  assert.equal(PORT, 3000)
  assert.equal(QUOTA_TARGET.max, 2)
  assert.equal(TRUST_PROXY, undefined)
  for (const name of Object.keys(NEEDED)) assert.match(faults({ [name]: '' }).join(), new RegExp(`^${name}: .*needed`))
})

test('the mailbox listens at an address and a port that there can be', () => {
  const listeners = [
    ['0.0.0.0:2525', '0.0.0.0', 2525],
    ['[::]:25', '::', 25],
    ['mail.isp.example:65535', 'mail.isp.example', 65_535],
    ['localhost:0', 'localhost', 0],
  ] as const
  for (const [MAILBOX_LISTEN, host, port] of listeners) {
    assert.deepEqual(readConfig({ ...NEEDED, MAILBOX_LISTEN }).MAILBOX_LISTEN, { host, port })
  }
  for (const MAILBOX_LISTEN of [
    '127.0.0.1:99999',
    'mail host:25',
    '127.0.0.300:25',
    '[::g]:25',
    '::1:25',
    ':25',
    '25',
  ]) {
    assert.match(
      faults({ MAILBOX_LISTEN }).join('\n'),
      /^MAILBOX_LISTEN: must be an address and a port/,
      MAILBOX_LISTEN,
    )
  }
})

test('a Redis is a URL, and needs the mailbox key that all replicas have', () => {
  const key = { MAILBOX_KEY: 'k'.repeat(32) }
  for (const REDIS_URL of ['redis://redis:6379', 'rediss://user:secret@[2001:db8::1]:6380/2']) {
    assert.equal(readConfig({ ...NEEDED, ...key, REDIS_URL }).REDIS_URL, REDIS_URL)
    assert.match(faults({ REDIS_URL }).join('\n'), /^MAILBOX_KEY: is needed with REDIS_URL/)
  }
  for (const REDIS_URL of ['redis', 'redis:', 'redis:///1', 'http://redis', 'redis://:secret@:x', '/run/redis.sock']) {
    assert.deepEqual(faults({ ...key, REDIS_URL }), ['REDIS_URL: must be redis://HOST:PORT'], REDIS_URL)
  }
})

test('a zone needs its listener and a mailbox, and the listener needs a zone', () => {
  const whole = { MX_ZONE: 'Steer.RelayTest.isp.example', DNS_LISTEN: '[::]:5353', MAILBOX_LISTEN: '0.0.0.0:2525' }
  const { MX_ZONE, DNS_LISTEN } = readConfig({ ...NEEDED, ...whole })
  assert.deepEqual([MX_ZONE, DNS_LISTEN], ['steer.relaytest.isp.example', { host: '::', port: 5353 }])
  const without = (name: string) => faults({ ...whole, [name]: '' })
  assert.deepEqual(without('DNS_LISTEN'), [
    'DNS_LISTEN: is needed with MX_ZONE, because this service answers for the zone',
  ])
  assert.deepEqual(without('MX_ZONE'), ['MX_ZONE: is needed with DNS_LISTEN: the zone that this service answers for'])
  assert.deepEqual(without('MAILBOX_LISTEN'), [
    'MAILBOX_LISTEN: is needed with MX_ZONE, because mail for the names of the zone must arrive there',
  ])
  for (const [name, bad, expected] of [
    ['MX_ZONE', ['steer', 'steer.example.', '.example', 'a b.example', '-a.example'], /must be a domain such as/],
    ['MX_ZONE', [`${'z'.repeat(63)}.${'z'.repeat(40)}.example`], /must have at most 100 characters/],
    ['MX_ZONE', ['relaytest.isp.example', 'isp.example', 'RELAYTEST.isp.example'], /must not contain MAILBOX_DOMAIN/],
    ['DNS_LISTEN', ['53', ':53', '0.0.0.0', '0.0.0.0:70000'], /must be an address and a port such as/],
    ['DNS_LISTEN', ['ns.isp.example:53', 'localhost:53'], /without a name/],
  ] as const) {
    for (const value of bad) {
      const found = faults({ ...whole, [name]: value })
      assert.match(found.join(), expected, value)
      assert.equal(found.length, 1, value)
    }
  }
})

test('of two mailbox keys the first makes the addresses', () => {
  const MAILBOX_KEY = `${'k'.repeat(32)},${'l'.repeat(32)}`
  assert.equal(readConfig({ ...NEEDED, MAILBOX_KEY }).MAILBOX_KEY, 'k'.repeat(32))
})

test('the provider and its contact may be left out only if loopback is tested', () => {
  const { PROVIDER_NAME, CONTACT, ...others } = NEEDED
  assert.ok(PROVIDER_NAME && CONTACT)
  assert.deepEqual(
    faults({ ALLOW_LOOPBACK_TARGETS: 'false' }, others).map((fault) => fault.split(':')[0]),
    ['PROVIDER_NAME', 'CONTACT'],
  )
  const trial = readConfig({ ...others, ALLOW_LOOPBACK_TARGETS: 'true' })
  assert.match(trial.PROVIDER_NAME, /loopback/)
  assert.equal(trial.CONTACT, 'postmaster@relaytest.isp.example')
})

test('all faults are told at once', () => {
  const found = faults({ PORT: 'x', CONTACT: 'nobody', TRUST_PROXY: '1', REDIS_URL: 'redis', QUOTA_CALLER: '1' }, {})
  assert.deepEqual(found.map((fault) => fault.split(':')[0]).toSorted(), [
    'CALLERS_FILE',
    'CONTACT',
    'CUSTOMERS_FILE',
    'MAILBOX_DOMAIN',
    'MAILBOX_KEY',
    'PORT',
    'PROVIDER_NAME',
    'QUOTA_CALLER',
    'REDIS_URL',
    'TRUST_PROXY',
  ])
})

test('name servers are addresses, with a port or without', () => {
  const good = '10.0.0.53, 127.0.0.1:5353,2001:db8::53,[2001:db8::53]:53'
  assert.deepEqual(
    readConfig({ ...NEEDED, DNS_SERVERS: good }).DNS_SERVERS,
    good.split(',').map((server) => server.trim()),
  )
  for (const bad of ['dns.example', '10.0.0.53:0', '10.0.0.53:65536', '10.0.0', '10.0.0.53:', '::1:x']) {
    assert.match(faults({ DNS_SERVERS: bad }).join(), /^DNS_SERVERS: must be addresses such as/, bad)
  }
})
