/** A Redis that lost its memory: nothing is tested until earlier tests have ended, and no key starts a second test. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { readiness } from '../src/contract/health.ts'
import { problemIn, resultOf } from './harness/http.ts'
import { deadPort, gatedServer } from './harness/mail-scripts.ts'
import { conforms } from './harness/openapi.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { startService, type TestService } from './harness/service.ts'
import { beforeAnswer, until } from './harness/waiting.ts'

const NOTICED = 'Redis is new or has lost its memory: nothing is tested for a while'

const redisSeenBy = async (service: TestService) =>
  readiness.parse(await conforms('get /readyz', await service.fetch('/readyz'), 200)).redis

const waitSeenBy = async (service: TestService) => {
  const [, seconds] =
    /^relay_tests_redis_wait_seconds (\S+)$/m.exec(await (await fetch(service.metricsUrl)).text()) ?? []
  return Number(seconds)
}

for (const [loss, lose] of [
  ['is flushed', (redis) => redis.ask.flushall()],
  [
    'starts again empty',
    async (redis) => {
      await redis.kill()
      await redis.startEmpty()
    },
  ],
  ['evicts the lease', (redis) => redis.ask.del('relay-tests:lease:127.0.0.1')],
  ['evicts the list of leases', (redis) => redis.ask.del('relay-tests:ledger')],
  [
    'lost its last writes in a failover',
    async (redis) => {
      // The list of another process, as a replica of Redis has it that takes over.
      const [epoch = ''] = await redis.ask.zrangebyscore('relay-tests:ledger', '+inf', '+inf')
      await redis.ask
        .multi()
        .zrem('relay-tests:ledger', epoch)
        .zadd('relay-tests:ledger', '+inf', `other ${epoch}`)
        .exec()
      await redis.ask.del('relay-tests:lease:127.0.0.1')
    },
  ],
] as const satisfies readonly (readonly [string, (redis: Awaited<ReturnType<typeof startRedis>>) => unknown])[]) {
  test(`a Redis that ${loss} in the middle of a test`, withRedis, async (t) => {
    const redis = await startRedis(t)
    const { server, hold, release } = await gatedServer(t)
    const env = { REDIS_URL: redis.url, ALLOWED_PORTS: `${server.port}`, TEST_DEADLINE_MS: '20000' }
    const [here, there] = [await startService(t, { env }), await startService(t, { env })]
    for (const one of [here, there]) await until('Redis', async () => (await redisSeenBy(one)) === 'up')
    const target = { ip: '127.0.0.1', port: server.port }
    const key = { 'idempotency-key': 'k' }
    const stalled = hold(/^EHLO/)
    const running = here.post(target, key)
    await beforeAnswer('the test', stalled, running)

    await lose(redis)
    await until('Redis', async () => (await redisSeenBy(there)) !== 'down')
    const refused = await there.post(target)
    const wait = Number(refused.headers.get('retry-after'))
    assert.ok(wait > 20 && wait <= 31, `${wait} s`)
    await conforms('post /relay-tests', refused, 'memory-lost')
    assert.equal(await redisSeenBy(there), 'memory-lost')
    const seconds = await waitSeenBy(there)
    assert.ok(seconds > 20 && seconds <= 30, `${seconds} s`)
    // The first replica restores what it knows: the key leads to its test, which reads as running.
    const retry = await until('the key', async () => {
      const response = await there.post(target, key)
      return response.status === 409 && response
    })
    const location = retry.headers.get('location') ?? ''
    await problemIn(retry, 'idempotency-running')
    await until('the test', async () => (await resultOf(await there.fetch(location), 200)).status === 'running')
    await problemIn(await there.post({ ...target, ip: '127.0.0.2' }), 'memory-lost')

    for (const { logs } of [here, there]) await until('its log line', () => logs().some(({ msg }) => msg === NOTICED))
    await redis.settle()
    await until('the end of the wait', async () => (await redisSeenBy(there)) === 'up')
    // On a slow machine, Redis may not answer in time.
    const busy = await until('an answer of Redis', async () => {
      const response = await there.post(target)
      return response.status !== 503 && response
    })
    await problemIn(busy, 'target-busy')
    release()
    const result = await resultOf(await running)
    assert.deepEqual(await resultOf(await there.post(target, key)), result)
    assert.equal(server.connections, 1)
    assert.equal((await resultOf(await there.post(target))).verdict, 'closed')
    assert.deepEqual([await redisSeenBy(there), await waitSeenBy(there)], ['up', 0])
    for (const { process } of [here, there]) assert.equal(process.exitCode, null)
  })
}

test('a key whose replica has ended, and whose value is evicted, starts no second test', withRedis, async (t) => {
  const redis = await startRedis(t)
  const { server } = await gatedServer(t)
  const env = { REDIS_URL: redis.url, ALLOWED_PORTS: `${server.port}` }
  const [here, there] = [await startService(t, { env }), await startService(t, { env })]
  await until('Redis', async () => (await redisSeenBy(there)) === 'up')
  const target = { ip: '127.0.0.1', port: server.port }
  const key = { 'idempotency-key': 'k' }
  await resultOf(await here.post(target, key))
  here.process.kill('SIGKILL')
  await once(here.process, 'exit')
  const [claim = ''] = await redis.ask.keys('relay-tests:claim:*')
  await redis.ask.del(claim)
  await problemIn(await there.post(target, key), 'memory-lost')
  await redis.settle()
  const { detail } = await problemIn(await there.post(target, key), 'not-found')
  assert.equal(detail, 'This idempotency key was used, but its test is lost. Use a new key.')
  assert.equal(server.connections, 1)
  assert.equal((await resultOf(await there.post(target, { 'idempotency-key': 'another' }))).verdict, 'closed')
})

test('a new installation tests at once: no replica remembers an earlier Redis', withRedis, async (t) => {
  const redis = await startRedis(t)
  await redis.kill()
  await redis.startEmpty()
  const { server } = await gatedServer(t)
  const service = await startService(t, { env: { REDIS_URL: redis.url, ALLOWED_PORTS: `${server.port}` } })
  assert.equal((await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }))).verdict, 'closed')
})

test('a service whose Redis is down at its start says that it starts without it', async (t) => {
  const service = await startService(t, { env: { REDIS_URL: `redis://127.0.0.1:${await deadPort()}` } })
  const messages = service.logs().map(({ msg }) => msg)
  assert.ok(messages.includes('Redis does not answer: the service starts without it'))
})
