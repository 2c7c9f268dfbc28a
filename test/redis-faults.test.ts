/** A Redis that fails in five ways: nothing new is tested, and all is well soon after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readiness } from '../src/contract/health.ts'
import { problemIn, resultOf } from './harness/http.ts'
import { type Link, openLink } from './harness/link.ts'
import { deadPort, gatedServer } from './harness/mail-scripts.ts'
import { conforms } from './harness/openapi.ts'
import { startRecorder } from './harness/recorder.ts'
import { startRedis, type TestRedis, withRedis } from './harness/redis.ts'
import { isWithoutRedis, startService, type TestService } from './harness/service.ts'
import { beforeAnswer, inTime, until } from './harness/waiting.ts'

interface Fault {
  readonly name: string
  begin(redis: TestRedis, link: Link): unknown
  end(redis: TestRedis, link: Link): unknown
}

const FAULTS: readonly Fault[] = [
  { name: 'killed', begin: (redis) => redis.kill(), end: (redis) => redis.start() },
  { name: 'stopped', begin: (redis) => redis.freeze(), end: (redis) => redis.thaw() },
  {
    name: 'slow',
    begin: (_redis, link) => {
      link.delayMs = 600
    },
    end: (_redis, link) => {
      link.delayMs = 0
    },
  },
  {
    name: 'read-only',
    begin: ({ ask }) => ask.replicaof('127.0.0.1', 1),
    end: ({ ask }) => ask.replicaof('NO', 'ONE'),
  },
  {
    name: 'out of memory',
    begin: ({ ask }) => ask.config('SET', 'maxmemory', '1'),
    end: ({ ask }) => ask.config('SET', 'maxmemory', '0'),
  },
]

/** Ten looks of a replica at Redis, in milliseconds. */
const SOON_MS = 5_000
/** The service promises half a second; a busy machine may add two. */
const REFUSAL_MS = 2_500

const redisSeenBy = async (service: TestService) => {
  assert.equal((await service.fetch('/livez')).status, 200)
  return readiness.parse(await conforms('get /readyz', await service.fetch('/readyz'), 200)).redis
}

test('a Redis that fails in the middle of the load', withRedis, async (t) => {
  const redis = await startRedis(t)
  const link = await openLink(t, redis.port)
  const recorder = await startRecorder(t)
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, {
    seesRedisFaults: true,
    env: {
      REDIS_URL: `redis://127.0.0.1:${link.port}`,
      ALLOWED_PORTS: `${recorder.port},${server.port}`,
    },
  })
  const post = (ip: string, headers: Record<string, string> = {}) => service.post({ ip, port: recorder.port }, headers)
  await until('Redis', async () => (await redisSeenBy(service)) === 'up')

  for (const { name, begin, end } of FAULTS) {
    await t.test(`${name}: nothing new is tested, what runs is answered, and all is well soon after`, async (t) => {
      // Before the fault: a load on acme, and a test that runs.
      let loading = true
      t.after(() => {
        loading = false
      })
      const load = Array.from({ length: 10 }, async (_, worker) => {
        for (; loading; ) await (await post(`127.0.0.${10 + worker}`)).text()
      })
      const stalled = hold(/^EHLO/)
      const { running } = await until('a test that runs', async () => {
        const running = service.post({ ip: '127.0.0.1', port: server.port })
        const early = await Promise.race([stalled, running])
        return early instanceof Response && (await isWithoutRedis(early)) ? null : { running }
      })
      await beforeAnswer('the test', stalled, running)
      await begin(redis, link)
      // From here on everything is asked of beta, whose addresses nobody has dialled.
      const before = recorder.dialled.filter((ip) => ip.startsWith('127.0.1.')).length
      const refused = async (index: number) => {
        const since = performance.now()
        const response = await post(`127.0.1.${index}`, index % 2 ? { 'idempotency-key': `${name} ${index}` } : {})
        const ms = performance.now() - since
        const wait = Number(response.headers.get('retry-after'))
        await conforms('post /relay-tests', response, 'limits-unavailable')
        assert.ok(wait > 0)
        return ms
      }
      const times = await Promise.all(Array.from({ length: 30 }, (_, index) => refused(index + 1)))
      // One by one, no request waits for another one.
      for (let index = 30; index < 40; index += 1) times.push(await refused(index + 1))
      const [fastest, slowest] = [Math.min(...times), Math.max(...times)]
      t.diagnostic(`${name}: refused within ${Math.round(fastest)} to ${Math.round(slowest)} ms`)
      // All were refused while the fault lasts. Neighbours on this machine can hold up some, not each.
      assert.ok(fastest < REFUSAL_MS)
      await problemIn(await service.fetch('/limits'), 'limits-unavailable')
      await problemIn(await service.fetch('/relay-tests?ip=127.0.0.1'), 'limits-unavailable')
      assert.equal(await redisSeenBy(service), 'down')
      assert.match(await (await fetch(service.metricsUrl)).text(), /^relay_tests_redis_up 0$/m)
      assert.equal(recorder.dialled.filter((ip) => ip.startsWith('127.0.1.')).length, before)
      loading = false
      await Promise.all(load)
      release()
      const result = await resultOf(await running)
      assert.equal(result.verdict, 'closed')

      await end(redis, link)
      const since = performance.now()
      await until('a test', async () => (await post('127.0.1.99')).status === 201)
      t.diagnostic(`${name}: well again after ${Math.round(performance.now() - since)} ms`)
      // A busy machine can hold up one look at Redis, but not each.
      await until('Redis', async () => (await redisSeenBy(service)) === 'up', SOON_MS)
      const isUpInMetrics = async () => /^relay_tests_redis_up 1$/m.test(await (await fetch(service.metricsUrl)).text())
      await until('its metric', isUpInMetrics, SOON_MS)
      // None of the tests that were refused left a lease, or the use of an idempotency key, behind.
      for (const index of [1, 2, 30]) {
        const headers = index % 2 ? { 'idempotency-key': `${name} ${index}` } : {}
        await until('a test', async () => {
          const response = await post(`127.0.1.${index}`, headers)
          return (await isWithoutRedis(response)) ? null : await resultOf(response)
        })
      }
      const stored = await until('the stored result', async () => {
        const response = await service.fetch(`/relay-tests/${result.id}`)
        return response.status === 200 && (await resultOf(response, 200)).status === 'finished' && result
      })
      assert.deepEqual(stored, result)
    })
  }

  await t.test('leaves no fault of the program in the log', () => {
    assert.equal(service.process.exitCode, null)
    assert.deepEqual(
      service.logs().filter(({ level, msg }) => level === 60 || msg === 'the request failed'),
      [],
    )
    assert.ok(service.logs().some(({ msg }) => msg === 'Redis is up again'))
  })
})

test('a service that starts before its Redis tests nothing until that is there', withRedis, async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  const recorder = await startRecorder(t)
  const env = { REDIS_URL: redis.url, ALLOWED_PORTS: `${recorder.port}` }
  const service = await startService(t, { seesRedisFaults: true, env })
  const post = () => service.post({ ip: '127.0.0.1', port: recorder.port })
  assert.equal(await redisSeenBy(service), 'down')
  await problemIn(await post(), 'limits-unavailable')
  await problemIn(await service.fetch('/limits', { headers: { authorization: 'Bearer none' } }), 'unauthenticated')
  await redis.start()
  await until('a test', async () => (await post()).status === 201)
  assert.equal(recorder.dialled.length, 1)
  assert.equal(await service.stop(), 0)
})

test('a service stops though its Redis is not there', withRedis, async (t) => {
  const port = await deadPort()
  const service = await startService(t, { seesRedisFaults: true, env: { REDIS_URL: `redis://127.0.0.1:${port}` } })
  assert.equal(await inTime('the end', service.stop()), 0)
})
