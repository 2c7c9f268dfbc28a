/** The list of vantages, and the choice of one for a test. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hashKey } from '../../src/access/keys.ts'
import { vantageList } from '../../src/contract/vantages.ts'
import { dnsServer } from '../harness/dns-server.ts'
import { writeYaml } from '../harness/files.ts'
import { bearer, callersYaml, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { conforms } from '../harness/openapi.ts'
import { configFolder, KEYS, type ServiceOptions, startService, type TestService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

const FILE = `vantages:
  - { name: syd-1, ehlo: syd.isp.example, publicIps: [198.51.100.7], bind: 127.0.0.1 }
  - { name: mel-1, ehlo: mel.isp.example, publicIps: [198.51.100.8], bind: 127.0.0.1 }
  - { name: gamma-1, ehlo: gamma.isp.example, publicIps: [203.0.113.7], bind: 127.0.0.1 }
`

async function serviceFrom(t: TestContext, vantages: string, options: ServiceOptions = {}) {
  const file = join(configFolder(t), 'vantages.yaml')
  writeYaml(file, vantages)
  const service = await startService(t, { ...options, env: { VANTAGES_FILE: file, ...options.env } })
  return { service, file }
}

const listed = async (service: TestService, key: string = KEYS.partner) =>
  vantageList
    .strict()
    .parse(await conforms('get /vantages', await service.fetch('/vantages', { headers: bearer(key) }), 200)).vantages

test('every key sees the vantages, and the results of their self-check', async (t) => {
  const dns = await dnsServer(t, {
    'syd.isp.example': { a: ['198.51.100.7'] },
    'mel.isp.example': { a: ['198.51.100.9'] },
  })
  const { service } = await serviceFrom(t, FILE, { env: { DNS_SERVERS: dns.address } })
  const [syd, mel, ...more] = await until('the first look', async () => {
    const all = await listed(service)
    return all.every(({ checkedAt }) => checkedAt !== null) && all
  })
  assert.ok(syd && mel)
  assert.deepEqual(
    { ...syd, checkedAt: null },
    {
      name: 'syd-1',
      ehlo: 'syd.isp.example',
      publicIps: ['198.51.100.7'],
      families: ['IPv4'],
      state: 'up',
      checkedAt: null,
      checks: [
        { name: 'source-address', outcome: 'ok', detail: 'This machine has the source address.' },
        { name: 'proxy', outcome: 'skipped', detail: 'The vantage uses no proxy.' },
        { name: 'ehlo-name', outcome: 'ok', detail: 'syd.isp.example resolves to the public address.' },
        { name: 'mailbox', outcome: 'skipped', detail: 'The service has no mailbox.' },
      ],
    },
  )
  // A name with another address is a warning.
  assert.deepEqual([mel.state, mel.checks[2]?.outcome], ['up', 'failed'])
  assert.deepEqual(
    more.map(({ name }) => name),
    ['gamma-1'],
  )
  assert.deepEqual(await listed(service, KEYS.desk), await listed(service))
  await conforms('get /vantages', await fetch(`${service.url}/vantages`), 'unauthenticated')
  await conforms(
    'get /vantages',
    await service.fetch('/vantages', { headers: { accept: 'text/html' } }),
    'not-acceptable',
  )
  const warned = await until('two warnings', () => {
    const lines = service.logs().filter(({ msg }) => msg === 'a vantage is up, but servers may refuse it')
    return lines.length >= 2 && lines
  })
  assert.deepEqual(warned.map(({ vantage }) => vantage).sort(), ['gamma-1', 'mel-1'])
  const metrics = await (await fetch(service.metricsUrl)).text()
  for (const name of ['syd-1', 'mel-1', 'gamma-1'])
    assert.match(metrics, new RegExp(`^relay_tests_vantage_up\\{vantage="${name}"\\} 1$`, 'm'))
})

test('without a vantages file there is one default vantage, also in the sandbox', async (t) => {
  const callers = `${callersYaml([{ id: 'desk', key: KEYS.desk, customers: 'all' }])}  - { id: try, keys: [{ sha256: ${hashKey(keyOf('t'))} }], sandbox: true }\n`
  const service = await startService(t, { callers })
  for (const key of [KEYS.desk, keyOf('t')]) {
    const [vantage, ...more] = await listed(service, key)
    assert.deepEqual([vantage?.name, vantage?.ehlo, vantage?.publicIps, more.length], ['default', null, [], 0])
  }
  const sandbox = { headers: { ...bearer(keyOf('t')), 'content-type': 'application/json' } }
  const post = (body: object) =>
    service.fetch('/relay-tests', { ...sandbox, method: 'POST', body: JSON.stringify(body) })
  assert.equal((await resultOf(await post({ ip: '192.0.2.1', vantage: 'default' }))).verdict, 'closed')
  await problemIn(await post({ ip: '192.0.2.1', vantage: 'syd-1' }), 'vantage-unknown')
})

test('a request names its vantage, or takes the first that fits', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const { service } = await serviceFrom(t, FILE, { env: { ALLOWED_PORTS: `25,${server.port}` } })
  const post = (body: object, headers = bearer(KEYS.desk)) => service.post({ port: server.port, ...body }, headers)
  const tested = async (body: object) => (await resultOf(await post({ ip: '127.0.0.1', ...body }))).vantage

  assert.deepEqual(await tested({}), { name: 'syd-1', ip: '198.51.100.7', ehlo: 'syd.isp.example' })
  assert.deepEqual(await tested({ vantage: 'mel-1' }), { name: 'mel-1', ip: '198.51.100.8', ehlo: 'mel.isp.example' })
  assert.deepEqual(
    server.lines.filter((line) => line.startsWith('EHLO')),
    ['EHLO syd.isp.example', 'EHLO mel.isp.example'],
  )
  const rows = [
    [{ ip: '127.0.0.1', vantage: 'per-1' }, 'vantage-unknown', 'there is no vantage per-1: GET /vantages lists them'],
    [
      { ip: '203.0.113.25', vantage: 'gamma-1' },
      'vantage-inside-network',
      'our vantage 203.0.113.7 is in a network of customer gamma: a test must come from outside',
    ],
  ] as const
  for (const [body, slug, detail] of rows) {
    const { errors } = await problemIn(await post(body), slug)
    assert.deepEqual(errors, [{ detail, pointer: '/vantage' }])
  }
  await conforms('post /relay-tests', await post({ ip: '127.0.0.1', vantage: 'per-1' }), 'vantage-unknown')
  assert.deepEqual(
    service
      .logs()
      .filter(({ audit }) => audit === 'intent')
      .map(({ vantage }) => vantage),
    ['syd-1', 'mel-1'],
  )
})

test('an idempotency key stands for the vantage in the request, not for the one that was used', async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const { service, file } = await serviceFrom(t, FILE, { env: { ALLOWED_PORTS: `${server.port}` } })
  const post = (body: object) =>
    service.post({ ip: '127.0.0.1', port: server.port, ...body }, { 'idempotency-key': 'one' })
  const first = await resultOf(await post({}))
  await problemIn(await post({ vantage: 'syd-1' }), 'idempotency-mismatch')
  writeYaml(file, FILE.replace('name: syd-1', 'name: per-1'))
  await until('the new file', async () => (await listed(service))[0]?.name === 'per-1')
  assert.deepEqual(await resultOf(await post({})), first)
})
