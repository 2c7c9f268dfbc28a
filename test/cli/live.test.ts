/** check.js --live: what it finds out about names, records, addresses and Redis, and what it advises. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Dns, dnsOf } from '../../src/cli/live/dns.ts'
import { liveChecks } from '../../src/cli/live/live.ts'
import { checkMx } from '../../src/cli/live/names.ts'
import { type SpfResult, spfOf } from '../../src/cli/live/spf.ts'
import { checkZone } from '../../src/cli/live/zone.ts'
import { parseAddress } from '../../src/ip/address.ts'
import { setUp } from '../../src/setup.ts'
import { answerTo } from '../../src/zone/answers.ts'
import { startNameServer } from '../../src/zone/name-server.ts'
import { dnsServer, type Records } from '../harness/dns-server.ts'
import { writeYaml } from '../harness/files.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { runBuilt } from '../harness/process.ts'
import { configFolder, environmentFor } from '../harness/service.ts'

const DOMAIN = 'relaytest.isp.example'
const IP = '93.184.216.7'
const REVERSED = '7.216.184.93.in-addr.arpa'

/** The names of an installation that is set up well. */
const GOOD: Readonly<Record<string, Records>> = {
  [DOMAIN]: { a: [IP], mx: [[10, `mx.${DOMAIN}`]], txt: [`v=spf1 ip4:${IP} -all`] },
  [`mx.${DOMAIN}`]: { a: ['93.184.216.25'] },
  [REVERSED]: { ptr: [DOMAIN] },
}

/** Returns the environment of an installation with these names, and one vantage. */
async function installation(t: TestContext, names: Parameters<typeof dnsServer>[1], vantage = `publicIps: ['${IP}']`) {
  const folder = configFolder(t)
  const vantages = join(folder, 'vantages.yaml')
  writeYaml(vantages, `vantages: [{ name: syd-1, ehlo: ${DOMAIN}, ${vantage} }]\n`)
  const { address } = await dnsServer(t, names)
  return { ...environmentFor(folder), VANTAGES_FILE: vantages, DNS_SERVERS: address }
}

const found = async (t: TestContext, names: Parameters<typeof dnsServer>[1], vantage?: string) =>
  (await liveChecks(await setUp(await installation(t, names, vantage)))).map(
    ({ what, outcome }) => `${outcome} ${what}`,
  )

const FINE = [`OK ehlo syd-1`, `OK ptr ${IP}`, `OK spf ${IP}`, `OK mx ${DOMAIN}`]

test('an installation that is set up well has only OK', async (t) => {
  assert.deepEqual(await found(t, GOOD), FINE)
})

for (const [what, names, expected] of [
  ['no name for the address', { [REVERSED]: {} }, `FAIL ptr ${IP}`],
  ['a name that leads elsewhere', { [REVERSED]: { ptr: [`mx.${DOMAIN}`] } }, `FAIL ptr ${IP}`],
  [
    'another name than that of EHLO',
    { [REVERSED]: { ptr: ['x.isp.example'] }, 'x.isp.example': { a: [IP] } },
    `WARN ptr ${IP}`,
  ],
  ['an address that nobody answers for', { [REVERSED]: 'failing' }, `WARN ptr ${IP}`],
  ['no SPF record', { [DOMAIN]: { ...GOOD[DOMAIN], txt: ['hello'] } }, `FAIL spf ${IP}`],
  [
    'an SPF record of another address',
    { [DOMAIN]: { ...GOOD[DOMAIN], txt: ['v=spf1 ip4:192.0.2.1 -all'] } },
    `FAIL spf ${IP}`,
  ],
  ['no MX record, without a mailbox', { [DOMAIN]: { ...GOOD[DOMAIN], mx: [] } }, `WARN mx ${DOMAIN}`],
  [
    'an EHLO name without the address',
    {
      [DOMAIN]: { ...GOOD[DOMAIN], a: ['93.184.216.8'] },
      [REVERSED]: { ptr: ['x.isp.example'] },
      'x.isp.example': { a: [IP] },
    },
    'FAIL ehlo syd-1',
  ],
] as const) {
  test(`it finds ${what}`, async (t) => {
    const rows = await found(t, { ...GOOD, ...names })
    assert.ok(rows.includes(expected), rows.join('\n'))
  })
}

test('it finds that the public address of a vantage is not known', async (t) => {
  const rows = await found(t, GOOD, 'bind: 127.0.0.1')
  assert.ok(rows.includes('OK bind syd-1') && rows.includes('WARN ptr syd-1'), rows.join('\n'))
})

test('it follows the name of an IPv6 address', async (t) => {
  const nibbles = '7.0.0.0'.concat('.0'.repeat(20), '.8.b.d.0.1.0.0.2')
  const names = {
    ...GOOD,
    [DOMAIN]: { ...GOOD[DOMAIN], aaaa: ['2001:db8::7'], txt: ['v=spf1 ip6:2001:db8::/32 -all'] },
    [`${nibbles}.ip6.arpa`]: { ptr: [DOMAIN] },
  }
  const rows = await found(t, names, "publicIps: ['2001:db8::7']")
  assert.ok(rows.includes('OK ptr 2001:db8::7') && rows.includes('OK spf 2001:db8::7'), rows.join('\n'))
})

/** A name server that asks our service about its zone, as if the zone were delegated to it, and knows other names. */
function delegating(service: string, zone: string): Dns {
  const ours = dnsOf([service])
  const others: Dns = {
    addresses: async () => [],
    exchangers: async () => [{ priority: 10, exchange: `mx.${DOMAIN}` }],
    nameServers: async () => [],
    texts: async () => [],
    namesOf: async () => [],
  }
  const isInside = (name: string) => name === zone || name.endsWith(`.${zone}`)
  return {
    ...others,
    exchangers: (name: string) => (isInside(name) ? ours : others).exchangers(name),
    nameServers: (name: string) => (isInside(name) ? ours : others).nameServers(name),
  }
}

test('it asks the name server of our zone for a name that only the service and the check can know', async (t) => {
  const zone = { name: `steer.${DOMAIN}`, key: 'k'.repeat(32) }
  let mailboxHost: string | null = `mx.${DOMAIN}`
  const served = () => ({ zone, mailboxHost, mailboxDomain: DOMAIN })
  const answer = (message: Buffer, over: 'udp' | 'tcp') => answerTo(message, served(), over, new Date())
  const { port, close } = await startNameServer({ host: '127.0.0.1', port: 0, answer, log: { warn() {} } })
  t.after(close)
  const dns = delegating(`127.0.0.1:${port}`, zone.name)
  const look = async (key = zone.key) => {
    const { outcome, says } = await checkZone({ ...zone, key }, DOMAIN, dns)
    return `${outcome} ${says}`
  }
  assert.equal(await look(), `OK mx.${DOMAIN} answers for its names`)
  assert.equal(await look('l'.repeat(32)), 'FAIL the service does not know the name that the check made')
  mailboxHost = 'elsewhere.example'
  assert.equal(await look(), 'FAIL it has the name server elsewhere.example')
  await close()
  assert.equal(await look(), 'FAIL no name server of the zone answers')
  const { outcome, says, advice } = await checkZone(zone, DOMAIN, { ...dns, nameServers: async () => [] })
  assert.equal(`${outcome} ${says}`, 'FAIL the zone has no NS record')
  assert.equal(advice, `Publish in the zone above: steer.${DOMAIN}. NS mx.${DOMAIN}.`)
})

test('the zone is checked only if the installation has one', async (t) => {
  const env = await installation(t, GOOD)
  const zoned = { ...env, MX_ZONE: `steer.${DOMAIN}`, DNS_LISTEN: '127.0.0.1:0', MAILBOX_LISTEN: '127.0.0.1:0' }
  const rows = await liveChecks(await setUp(zoned))
  assert.ok(rows.some(({ what, outcome }) => what === `zone steer.${DOMAIN}` && outcome === 'FAIL'))
})

test('a name server that is silent costs at most the time limit', async (t) => {
  const env = await installation(t, { ...GOOD, [DOMAIN]: 'silent' })
  const rows = await liveChecks(await setUp(env), 100)
  assert.ok(
    rows.some(({ what, outcome, says }) => what === `mx ${DOMAIN}` && outcome === 'FAIL' && /in time/.test(says)),
  )
})

test('the mailbox domain needs exactly one way for its mail', async (t) => {
  const { address } = await dnsServer(t, {
    'one.example': { mx: [[10, 'mx.example']] },
    'two.example': {
      mx: [
        [10, 'mx.example'],
        [20, 'other.example'],
      ],
    },
    'null.example': { mx: [[0, '.']] },
    'lost.example': { mx: [[10, 'gone.example']] },
    'none.example': {},
    'broken.example': 'failing',
    'mx.example': { a: ['192.0.2.1'] },
    'other.example': { a: ['192.0.2.2'] },
    'gone.example': {},
  })
  const outcomes = await Promise.all(
    ['one', 'two', 'null', 'lost', 'none', 'broken'].map(async (name) => {
      const { outcome, advice } = await checkMx(`${name}.example`, dnsOf([address]), true)
      assert.equal(advice === null, outcome === 'OK')
      return outcome
    }),
  )
  assert.deepEqual(outcomes, ['OK', 'WARN', 'FAIL', 'FAIL', 'FAIL', 'WARN'])
})

test('SPF records are read as RFC 7208 says', async (t) => {
  const { address } = await dnsServer(t, {
    'isp.example': { a: [IP], mx: [[10, 'mx.example']] },
    'mx.example': { a: ['93.184.216.25'] },
    'allows.example': { txt: [`v=spf1 ip4:93.184.216.0/24 -all`] },
    'denies.example': { txt: ['v=spf1 -all'] },
    'empty.example': {},
    'two.example': { txt: ['v=spf1 -all', 'v=spf1 +all'] },
    'loop.example': { txt: ['v=spf1 include:loop.example -all'] },
    'failing.example': 'failing',
    ...Object.fromEntries(
      [
        ['a', 'v=spf1 a:isp.example -all'],
        ['mx', 'v=spf1 mx:isp.example -all'],
        ['all', 'v=spf1 +all'],
        ['six', 'v=spf1 ip6:2001:db8::/32 ~all'],
        ['include', 'v=spf1 include:allows.example -all'],
        ['excluded', 'v=spf1 include:denies.example ?all'],
        ['included-none', 'v=spf1 include:empty.example -all'],
        ['redirect', 'v=spf1 redirect=allows.example'],
        ['neither', 'v=spf1 ip4:192.0.2.1'],
        ['macro', 'v=spf1 exists:%{i}.isp.example -all'],
        ['mistyped', 'v=spf1 ip4:1.2.3 -all'],
      ].map(([name, txt = '']) => [`${name}.example`, { txt: [txt] }]),
    ),
  })
  const source = parseAddress(IP)
  assert.ok(source)
  const expected: Readonly<Record<string, SpfResult>> = {
    allows: 'pass',
    denies: 'fail',
    empty: 'none',
    two: 'invalid',
    loop: 'invalid',
    failing: 'unsure',
    a: 'pass',
    mx: 'fail',
    all: 'pass',
    six: 'softfail',
    include: 'pass',
    excluded: 'neutral',
    'included-none': 'invalid',
    redirect: 'pass',
    neither: 'neutral',
    macro: 'unsure',
    mistyped: 'invalid',
  }
  for (const [name, result] of Object.entries(expected))
    assert.equal(await spfOf(`${name}.example`, source, dnsOf([address])), result, name)
})

test('the command prints each line with what to do, and its exit code says whether a check failed', async (t) => {
  const env = await installation(t, { ...GOOD, [REVERSED]: {} })
  const ran = await runBuilt('dist/cli/check.js', ['--live'], env)
  assert.equal(ran.code, 1)
  assert.match(
    ran.stdout,
    new RegExp(`^FAIL {2}ptr ${IP.replaceAll('.', '\\.')}: it has no name, .*\\n {6}-> Ask the owner`, 'm'),
  )
  assert.match(ran.stdout, /^OK {4}spf /m)
  assert.match(ran.stdout, /^live: 4 checks, 1 failed, 0 with a warning\n$/m)

  const well = await runBuilt('dist/cli/check.js', ['--live'], await installation(t, GOOD))
  assert.equal(well.code, 0)
  const noRedis = { ...(await installation(t, GOOD)), REDIS_URL: `redis://127.0.0.1:${await deadPort()}` }
  const without = await runBuilt('dist/cli/check.js', ['--live'], noRedis)
  assert.equal(without.code, 1)
  assert.match(without.stdout, /^FAIL {2}redis: it cannot be used \(.*ECONNREFUSED.*\)\n {6}-> Check REDIS_URL/m)
})
