/** Two replicas make many follow-ups, and one is killed: each test gets its verdict, and has one follow-up. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { RelayTest } from '../src/contract/relay-test.ts'
import { resultOf } from './harness/http.ts'
import { closed } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { cases } from './harness/mass.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const SERVERS = cases(40)
const PATIENCE_MS = 300_000
/** The pause before the first follow-up, in seconds: all first visits end before the first pause does. */
const FIRST_S = Math.max(20, SERVERS / 10)
const CUSTOMERS = 'customers: [{ id: acme, name: Acme, networks: [127.16.0.0/12], domains: [example.com] }]\n'

test(
  `${SERVERS} greylisted tests end as closed, although a replica is killed during the follow-ups`,
  withRedis,
  async (t) => {
    const redis = await startRedis(t)
    /** How many connections each server got. */
    const visits = new Map<string, number>()
    let isOver = false
    const server = await scriptedServer(
      t,
      {
        keepsNothing: true,
        connected: ({ address }) => void visits.set(address, (visits.get(address) ?? 0) + 1),
        say: (line, session) =>
          line.startsWith('RCPT') && !isOver ? '451 4.7.1 Greylisted, please try again' : closed(line, session),
      },
      { hosts: ['0.0.0.0'] },
    )
    const start = () =>
      startService(t, {
        customers: CUSTOMERS,
        env: {
          REDIS_URL: redis.url,
          ALLOWED_PORTS: `${server.port}`,
          FOLLOW_UPS: `${FIRST_S}s,5s,5s`,
          MAX_CONCURRENT_TESTS: '40',
          TEST_DEADLINE_MS: '10000',
        },
      })
    const [here, there] = [await start(), await start()]
    const ips = Array.from({ length: SERVERS }, (_, index) => `127.16.${index >> 8}.${index & 255}`)
    const ask = (service: TestService, ip: string) =>
      until(
        'room on the waiting list',
        async () => {
          const response = await service.post({ ip, port: server.port }, { prefer: 'respond-async' })
          return response.status !== 503 && resultOf(response, 202)
        },
        PATIENCE_MS,
      )
    const tests: RelayTest[] = []
    const left = ips.entries()
    const askAll = async () => {
      for (const [index, ip] of left) tests.push(await ask(index % 2 === 0 ? here : there, ip))
    }
    await Promise.all(Array.from({ length: 40 }, askAll))
    const read = async (id: string) => resultOf(await there.fetch(`/relay-tests/${id}`), 200)
    const all = (isDone: (result: Awaited<ReturnType<typeof read>>) => boolean) => async () => {
      for (const { id } of tests) if (!isDone(await read(id))) return null
      return true
    }
    await until(
      'the first visits',
      all(({ status }) => status === 'finished'),
      PATIENCE_MS,
    )
    const firstVisits = new Map(visits)
    isOver = true
    // A replica is killed in the middle of the follow-ups.
    await until(
      'some follow-ups',
      () => [...visits].some(([ip, count]) => count > (firstVisits.get(ip) ?? 0)),
      PATIENCE_MS,
    )
    here.process.kill('SIGKILL')
    await once(here.process, 'exit')
    await until(
      'all answers',
      all(({ followUpAt }) => followUpAt === null),
      PATIENCE_MS,
    )
    const results: RelayTest[] = []
    for (const { id } of tests) results.push(await read(id))
    const lost = results.filter(({ verdict }) => verdict !== 'closed')
    assert.deepEqual(
      lost.map(({ ip, verdict, reason, followUps }) => ({ ip, verdict, reason, followUps })),
      [],
    )
    const late = results.map(({ followUps, finishedAt }) => {
      const [first] = followUps
      return (Date.parse(first?.at ?? '') - Date.parse(finishedAt ?? '')) / 1_000 - FIRST_S
    })
    const twice = results.filter(({ followUps }) => followUps.length > 1)
    const again = [...visits].filter(([ip, count]) => count - (firstVisits.get(ip) ?? 0) > 1)
    t.diagnostic(
      `lost 0, follow-ups noted twice ${twice.length}, connections beyond one ${again.length}, latest ${Math.max(...late).toFixed(1)} s`,
    )
    assert.deepEqual(twice, [], 'each test has one follow-up')
    // The killed replica may have dialled a server whose visit another replica had to make again.
    assert.ok(again.length <= 10, `${again.length}`)
  },
)
