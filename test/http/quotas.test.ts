/** The quotas of tests and requests over HTTP. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../../src/contract/limits.ts'
import { writeYaml } from '../harness/files.ts'
import { bearer, callersYaml, keyOf, leftOf, problemIn, resultOf } from '../harness/http.ts'
import { closed, deadPort, open } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

/** One caller for each quota, so that a test uses up only that quota. */
const CALLERS = callersYaml([
  { id: 'desk', key: KEYS.desk, customers: 'all' },
  { id: 'partner', key: KEYS.partner, customers: '[acme, brio]' },
  ...['t', 'n', 'c', 'k', 'b', 'f'].map((letter) => ({ id: `caller-${letter}`, key: keyOf(letter), customers: 'all' })),
  { id: 'own', key: keyOf('o'), customers: 'all', quota: '1/30m' },
])
const ids = ['acme', 'brio', 'cello', 'dolce', 'elegy', 'forte']
const CUSTOMERS = `
customers:
${ids.map((id, index) => `  - { id: ${id}, name: ${id}, networks: [127.${10 + index}.0.0/16], domains: [${id}.example] }`).join('\n')}
  - { id: own, name: With its own quota, networks: [127.20.0.0/16], quota: 1/2h }
neverTest: [127.10.9.9/32]
`
/** The things that each quota counts, in the words of a 429. */
const COUNTED: Readonly<Record<string, string>> = {
  'tests-caller': 'tests of one caller',
  'tests-customer': 'tests of one customer',
  'tests-target': 'tests of one port of an address',
  'tests-network': 'tests of one customer in one network (/24, or /64 of IPv6)',
}
const QUOTAS = {
  QUOTA_REQUESTS: '600/1m',
  QUOTA_CALLER: '8/1h',
  QUOTA_CUSTOMER: '6/1d',
  QUOTA_TARGET: '2/10m',
  QUOTA_NETWORK: '4/1h',
}

test('the quotas of tests', async (t) => {
  const port = await deadPort()
  const service = await startService(t, {
    env: { ALLOWED_PORTS: `${port}`, ...QUOTAS },
    callers: CALLERS,
    customers: CUSTOMERS,
  })
  const post = (ip: string, key: string) => service.post({ ip, port }, bearer(key))
  const use = async (key: string, ...ips: string[]) => {
    for (const ip of ips) await resultOf(await post(ip, key))
  }
  const refusedBy = async (key: string, ip: string, names: readonly string[], windowSeconds: number) => {
    const response = await post(ip, key)
    const wait = Number(response.headers.get('retry-after'))
    const left = response.headers.get('ratelimit')
    const { violatedPolicies, detail } = await problemIn(response, 'quota-exceeded')
    assert.deepEqual(violatedPolicies, names)
    assert.ok(Number.isInteger(wait) && wait > windowSeconds - 60 && wait <= windowSeconds, `${wait} s`)
    const used = names.map((name) => `${COUNTED[name]} (${name})`).join(', ')
    const [, at = ''] = /Try again at ([\d-]+ [\d:]+ UTC)/.exec(detail) ?? []
    assert.ok(Math.abs(Date.parse(at) - Date.now() - wait * 1000) < 60_000, at)
    assert.equal(
      detail,
      `${names.length > 1 ? 'These quotas are' : 'This quota is'} used up: ${used}. Try again at ${at}; GET /limits?ip=${ip}&port=${port} shows the quotas.`,
    )
    for (const name of names) assert.match(left ?? '', new RegExp(`"${name}";r=0;t=\\d+`))
  }

  await t.test('count an address, for all callers together', async () => {
    await use(keyOf('t'), '127.10.0.1')
    await use(keyOf('k'), '127.10.0.1')
    await refusedBy(keyOf('t'), '127.10.0.1', ['tests-target'], 600)
    await refusedBy(KEYS.desk, '127.10.0.1', ['tests-target'], 600)
    await use(keyOf('t'), '127.10.0.2')
  })

  await t.test('count a network', async () => {
    await use(keyOf('n'), '127.11.0.1', '127.11.0.77', '127.11.0.255', '127.11.0.2')
    await refusedBy(keyOf('n'), '127.11.0.3', ['tests-network'], 3600)
    await use(keyOf('n'), '127.11.1.3')
  })

  await t.test('count a customer', async () => {
    await use(keyOf('c'), ...[0, 1, 2, 3, 4, 5].map((net) => `127.12.${net}.1`))
    await refusedBy(keyOf('c'), '127.12.6.1', ['tests-customer'], 86_400)
    await refusedBy(KEYS.desk, '127.12.6.1', ['tests-customer'], 86_400)
  })

  await t.test('count a caller', async () => {
    await use(keyOf('b'), ...[0, 1, 2, 3].flatMap((net) => [`127.13.${net}.1`, `127.14.${net}.1`]))
    await refusedBy(keyOf('b'), '127.14.9.1', ['tests-caller'], 3600)
    await use(KEYS.desk, '127.14.9.1')
  })

  await t.test('are all named when several are used up, with the longest wait', async () => {
    await use(keyOf('f'), '127.15.0.1', '127.15.0.1', '127.15.0.2', '127.15.0.3', '127.15.1.1', '127.15.2.1')
    await refusedBy(keyOf('f'), '127.15.0.1', ['tests-customer', 'tests-target', 'tests-network'], 86_400)
  })

  await t.test("are a caller's own where the file says so", async () => {
    await use(keyOf('o'), '127.10.3.1')
    await refusedBy(keyOf('o'), '127.10.4.1', ['tests-caller'], 1800)
  })

  await t.test("are a customer's own where the file says so", async () => {
    const response = await post('127.20.0.1', KEYS.desk)
    assert.match(response.headers.get('ratelimit-policy') ?? '', /"tests-customer";q=1;w=7200/)
    await resultOf(response)
    await refusedBy(KEYS.desk, '127.20.1.1', ['tests-customer'], 7200)
  })

  await t.test('are not used by refused requests, nor by reading', async () => {
    const key = KEYS.partner
    const done = await resultOf(await post('127.10.5.1', key))
    const before = await leftOf(service, 'tests-caller', key)
    await problemIn(await service.post({ ip: '127.10.5.1', port: 0 }, bearer(key)), 'invalid-request')
    await problemIn(await post('127.12.0.1', key), 'not-allowed')
    await problemIn(await post('192.168.0.1', key), 'address-special')
    await problemIn(await post('127.10.9.9', key), 'opted-out')
    await problemIn(
      await service.post({ ip: '127.10.5.1', port, domain: 'a.example' }, bearer(key)),
      'domain-not-listed',
    )
    await refusedBy(key, '127.11.0.1', ['tests-network'], 3600)
    await resultOf(await service.fetch(`/relay-tests/${done.id}`), 200)
    assert.equal(await leftOf(service, 'tests-caller', key), before)
    await use(key, '127.10.5.1')
    assert.equal(await leftOf(service, 'tests-caller', key), before - 1)
  })

  await t.test('are shown by GET /limits', async () => {
    const told = limits.parse(await (await service.fetch('/limits', { headers: bearer(keyOf('b')) })).json())
    assert.deepEqual([told.caller, told.customers, told.ports], ['caller-b', 'all', [port]])
    const byName = new Map(told.quotas.map((quota) => [quota.name, quota]))
    assert.deepEqual([...byName.keys()].sort(), [
      'requests',
      'tests-caller',
      'tests-customer',
      'tests-network',
      'tests-target',
    ])
    const caller = byName.get('tests-caller')
    assert.deepEqual([caller?.limit, caller?.windowSeconds, caller?.remaining], [8, 3600, 0])
    assert.deepEqual([byName.get('tests-target')?.limit, byName.get('tests-target')?.remaining], [2, null])
  })

  await t.test('are shown by GET /limits for a target too, with the time when each begins again', async () => {
    const ask = (query: string, key: string) => service.fetch(`/limits?${query}`, { headers: bearer(key) })
    const told = limits.parse(await (await ask(`ip=127.10.0.1&port=${port}`, keyOf('t'))).json())
    const target = told.quotas.find(({ name }) => name === 'tests-target')
    assert.deepEqual([target?.limit, target?.remaining], [2, 0])
    const wait = Date.parse(target?.resetsAt ?? '') - Date.now()
    assert.ok(wait > 540_000 && wait <= 601_000, `${wait} ms`)
    const unused = limits.parse(await (await ask(`ip=127.10.77.1&port=${port}`, keyOf('t'))).json())
    const fresh = unused.quotas.find(({ name }) => name === 'tests-target')
    assert.deepEqual([fresh?.remaining, fresh?.resetsAt], [2, null])
    await problemIn(await ask(`ip=127.12.0.1&port=${port}`, KEYS.partner), 'not-allowed')
    await problemIn(await ask('ip=127.10.0.1&port=1', keyOf('t')), 'invalid-request')
  })

  await t.test('are in RateLimit headers in the form of draft 10', async () => {
    const response = await post('127.13.9.1', KEYS.desk)
    const { headers } = response
    await resultOf(response)
    const item = /^"([a-z-]+)";(?:q=(\d+);w=(\d+)|r=(\d+);t=(\d+))$/
    const parse = (name: string) => (headers.get(name) ?? '').split(', ').map((text) => item.exec(text)?.slice(1))
    assert.deepEqual(
      parse('ratelimit-policy').map((found) => found?.slice(0, 3)),
      [
        ['requests', '600', '60'],
        ['tests-caller', '8', '3600'],
        ['tests-customer', '6', '86400'],
        ['tests-target', '2', '600'],
        ['tests-network', '4', '3600'],
      ],
    )
    const left = new Map(parse('ratelimit').map((found) => [found?.[0], found?.slice(3)]))
    assert.equal(left.get('tests-target')?.[0], '1')
    assert.equal(left.get('tests-network')?.[0], '3')
    for (const [name, found] of left) assert.ok(Number(found?.[1]) > 0, name)
  })
})

test('the requests quota', async (t) => {
  const service = await startService(t, { env: { QUOTA_REQUESTS: '3/1h' } })

  await t.test('counts every request of a caller, and is checked before anything else', async () => {
    assert.equal((await service.fetch('/limits')).status, 200)
    await problemIn(await service.fetch('/relay-tests/x'), 'not-found')
    await problemIn(await service.post({}), 'invalid-request')
    const response = await service.post({}, { accept: 'application/xml' })
    const wait = Number(response.headers.get('retry-after'))
    assert.ok(wait > 3500 && wait <= 3600, `${wait} s`)
    assert.match(response.headers.get('ratelimit') ?? '', /^"requests";r=0;t=\d+$/)
    assert.equal(response.headers.get('ratelimit-policy'), '"requests";q=3;w=3600')
    assert.deepEqual((await problemIn(response, 'quota-exceeded')).violatedPolicies, ['requests'])
  })

  await t.test('belongs to each caller alone, and does not count health and documentation', async () => {
    assert.equal((await service.fetch('/limits', { headers: bearer(KEYS.desk) })).status, 200)
    for (const path of ['/livez', '/readyz', '/openapi.json']) {
      const response = await service.fetch(path)
      assert.equal(response.status, 200)
      assert.equal(response.headers.get('ratelimit'), null)
    }
  })

  await t.test('after ten bad keys an address must wait, and a good key still passes', async () => {
    const present = (key: string) => service.fetch('/limits', { headers: bearer(key) })
    for (let failure = 0; failure < 10; failure += 1) {
      await problemIn(await present(failure % 2 ? keyOf('x') : 'nonsense'), 'unauthenticated')
    }
    const response = await present(keyOf('y'))
    const wait = Number(response.headers.get('retry-after'))
    assert.ok(wait > 0 && wait <= 60, `${wait} s`)
    assert.deepEqual((await problemIn(response, 'quota-exceeded')).violatedPolicies, ['failed-keys'])
    assert.equal((await present(KEYS.desk)).status, 200)
    await problemIn(await present(keyOf('y')), 'quota-exceeded')
  })
})

test('a caller that tests an address too often gets its last verdict, if it may read it', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '1/1h' } })
  const here = { ip: '127.0.0.1', port: server.port }
  const { id, finishedAt } = await resultOf(await service.post(here))
  const refused = await problemIn(await service.post(here), 'quota-exceeded')
  assert.deepEqual(refused.violatedPolicies, ['tests-target'])
  assert.deepEqual(refused.lastTest, { id, port: server.port, finishedAt, verdict: 'closed' })
  const desk = await problemIn(await service.post(here, bearer(KEYS.desk)), 'quota-exceeded')
  assert.equal(desk.lastTest?.id, id)
})

test('a target that was open may be tested again at once, and each port counts for itself', async (t) => {
  let say = open
  const server = await scriptedServer(t, { say: (...all) => say(...all) })
  const other = await scriptedServer(t, { say: closed })
  const env = { ALLOWED_PORTS: `${server.port},${other.port}`, QUOTA_TARGET: '1/1h' }
  const service = await startService(t, { env })
  const test = async (port: number) => (await resultOf(await service.post({ ip: '127.0.0.1', port }))).verdict
  const refused = async (port: number) => {
    const { lastTest } = await problemIn(await service.post({ ip: '127.0.0.1', port }), 'quota-exceeded')
    return [lastTest?.port, lastTest?.verdict]
  }
  assert.equal(await test(server.port), 'open')
  assert.equal(await test(server.port), 'open')
  assert.equal(await test(other.port), 'closed')
  say = closed
  assert.equal(await test(server.port), 'closed')
  assert.deepEqual(await refused(server.port), [server.port, 'closed'])
  assert.deepEqual(await refused(other.port), [other.port, 'closed'])
})

test('no verdict is shown for an address that has none, nor for another quota', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const env = { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '1/1h', QUOTA_NETWORK: '1/1h', RESULT_TTL_SECONDS: '60' }
  const customers = `customers:
  - { id: acme, name: Acme, networks: [127.0.0.1/32, 127.0.0.2/32] }
`
  const service = await startService(t, { env, customers })
  await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))
  const other = await problemIn(await service.post({ ip: '127.0.0.2', port: server.port }), 'quota-exceeded')
  assert.deepEqual(other.violatedPolicies, ['tests-network'])
  assert.equal(other.lastTest, undefined)
})

test('a verdict of another customer is not shown', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const own = (owner: string) => `customers: [{ id: ${owner}, name: N, networks: [127.0.0.1/32] }]\n`
  const env = { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '1/1h' }
  const service = await startService(t, { env, customers: own('gamma') })
  const here = { ip: '127.0.0.1', port: server.port }
  await resultOf(await service.post(here, bearer(KEYS.desk)))
  writeYaml(join(service.folder, 'customers.yaml'), own('acme'))
  await until('the reload', () => service.logs().find(({ msg }) => msg === 'customers reloaded'))
  assert.equal((await problemIn(await service.post(here), 'quota-exceeded')).lastTest, undefined)
  assert.ok((await problemIn(await service.post(here, bearer(KEYS.desk)), 'quota-exceeded')).lastTest)
})
