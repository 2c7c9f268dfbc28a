/** Two customers in one network: no answer to one depends on what the other does. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { bearer, callersYaml, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { startRecorder } from '../harness/recorder.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { startService, type TestService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

const CUSTOMERS = `customers:
  - { id: acme, name: Acme, networks: [127.0.0.0/25], domains: [example.com] }
  - { id: beta, name: Beta, networks: [127.0.0.128/25], domains: [example.com] }
`
const [ACME, BETA] = [keyOf('a'), keyOf('b')]
const CALLERS = callersYaml([
  { id: 'acme-portal', key: ACME, customers: '[acme]' },
  { id: 'beta-portal', key: BETA, customers: '[beta]' },
])
const QUOTAS = { QUOTA_NETWORK: '4/1h', QUOTA_TARGET: '2/10m', QUOTA_CUSTOMER: '20/1h', QUOTA_CALLER: '20/1h' }
const REFERENCE = 'TICKET 1'

/** Differences from one run to the next: ids, times, and seconds that count down. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'ID'],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME'],
  [/\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT/g, 'DATE'],
  [/"(durationMs|ms|resetSeconds)":\d+/g, '"$1":0'],
  [/;t=\d+/g, ';t=0'],
  [/again in \d+ s/g, 'again in 0 s'],
  [/127\.0\.0\.1:\d+/g, 'HOST'],
  [/\b[a-z2-7]{16}(?=[@%])/g, 'TOKEN'],
]

const plain = (text: string): string => VARYING.reduce((all, [pattern, word]) => all.replace(pattern, word), text)

/** Returns everything that an answer shows: status, headers and body. */
async function shown(response: Response): Promise<string> {
  const headers = [...response.headers].filter(([name]) => !['content-length', 'retry-after'].includes(name))
  const lines = headers.map(([name, value]) => `${name}: ${plain(value)}`)
  return [response.status, ...lines, plain(await response.text())].join('\n')
}

/** Asks as Beta, and calls `between` before each request. */
async function askAsBeta(service: TestService, port: number, between: () => Promise<void>): Promise<string[]> {
  const headers = bearer(BETA)
  const post = (ip: string, key?: string) =>
    service.post({ ip, port, reference: REFERENCE }, { ...headers, ...(key ? { 'idempotency-key': key } : {}) })
  const get = (path: string) => service.fetch(path, { headers })
  const requests = [
    () => get('/limits'),
    () => post('127.0.0.129', 'k'),
    () => post('127.0.0.129', 'k'),
    () => post('127.0.0.130'),
    () => post('127.0.0.131'),
    () => get(`/relay-tests?reference=${encodeURIComponent(REFERENCE)}`),
    () => get('/relay-tests?ip=127.0.0.129'),
    () => get('/customers'),
    () => get('/addresses?name=127.0.0.130'),
    () => get('/limits'),
  ]
  const answers: string[] = []
  for (const request of requests) {
    await between()
    answers.push(await shown(await request()))
  }
  return answers
}

async function compare(t: TestContext, environments: () => Promise<Record<string, string>>): Promise<void> {
  const server = await startRecorder(t)
  const start = async () => {
    const env = { ALLOWED_PORTS: `${server.port}`, ...QUOTAS, ...(await environments()) }
    const service = await startService(t, { env, customers: CUSTOMERS, callers: CALLERS })
    await until('the stores', async () => !(await (await service.fetch('/readyz')).text()).includes('"redis":"down"'))
    return service
  }
  const alone = await askAsBeta(await start(), server.port, async () => {})
  const service = await start()
  const asAcme = (ip: string, key: string) =>
    service.post({ ip, port: server.port, reference: REFERENCE }, { ...bearer(ACME), 'idempotency-key': key })
  let count = 0
  const beside = await askAsBeta(service, server.port, async () => {
    count += 1
    // The same idempotency key and reference as Beta, until the quotas of Acme are used up.
    await (await asAcme(`127.0.0.${count}`, count === 1 ? 'k' : `k${count}`)).text()
  })
  assert.deepEqual(beside, alone)
  assert.deepEqual((await problemIn(await asAcme('127.0.0.99', 'last'), 'quota-exceeded')).violatedPolicies, [
    'tests-network',
  ])
  await resultOf(await service.post({ ip: '127.0.0.140', port: server.port }, bearer(BETA)))
}

test('a customer sees nothing of its neighbour with stores in memory', (t) => compare(t, async () => ({})))

test('a customer sees nothing of its neighbour with stores in Redis', withRedis, (t) =>
  compare(t, async () => ({ REDIS_URL: (await startRedis(t)).url })),
)
