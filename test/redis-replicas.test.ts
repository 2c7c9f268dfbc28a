/** Two replicas with one Redis are one service. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { relayTestList } from '../src/contract/relay-test.ts'
import { heldServer, loopbacks } from './harness/held-server.ts'
import { leftOf, problemIn, resultOf } from './harness/http.ts'
import { deadPort, gatedServer } from './harness/mail-scripts.ts'
import { healthy, type Say, type ScriptedServer, scriptedServer } from './harness/mail-server.ts'
import { startRedis, type TestRedis, withRedis } from './harness/redis.ts'
import { KEYS, startService, type TestService } from './harness/service.ts'
import { beforeAnswer, inTime, until } from './harness/waiting.ts'
import { dialogue } from './lab/dialogue.ts'

async function startReplica(t: TestContext, redis: TestRedis, env: Record<string, string>): Promise<TestService> {
  const service = await startService(t, { env: { REDIS_URL: redis.url, ...env } })
  await until('Redis', async () => (await (await service.fetch('/readyz')).text()).includes('"redis":"up"'))
  return service
}

test('two replicas are one service', withRedis, async (t) => {
  const redis = await startRedis(t)
  const { server, hold, release } = await gatedServer(t)
  const env = { ALLOWED_PORTS: `${server.port}` }
  const [here, there] = [await startReplica(t, redis, env), await startReplica(t, redis, env)]
  const target = { ip: '127.0.0.1', port: server.port, reference: 'TICKET-1' }

  await t.test('a result of one is read at the other', async () => {
    const made = await resultOf(await here.post(target))
    assert.deepEqual(await resultOf(await there.fetch(`/relay-tests/${made.id}`), 200), made)
    const list = await there.fetch('/relay-tests?reference=TICKET-1')
    assert.deepEqual(
      relayTestList.parse(await list.json()).relayTests.map(({ id }) => id),
      [made.id],
    )
  })

  await t.test('a test that runs at one keeps the other from the address', async () => {
    const stalled = hold(/^EHLO/)
    const running = here.post(target)
    await beforeAnswer('the test', stalled, running)
    const busy = await there.post(target)
    const location = busy.headers.get('location') ?? ''
    await problemIn(busy, 'target-busy')
    assert.equal((await resultOf(await there.fetch(location), 200)).status, 'running')
    release()
    const { id } = await resultOf(await running)
    assert.equal(location, `/relay-tests/${id}`)
    await resultOf(await there.post(target))
  })

  await t.test('a retry at the other gets the result of the first, and quotas are counted once', async () => {
    const key = { 'idempotency-key': 'a' }
    const left = await leftOf(there, 'tests-caller', KEYS.partner)
    const made = await resultOf(await here.post(target, key))
    const again = await there.post(target, key)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(await resultOf(again), made)
    assert.equal(await leftOf(here, 'tests-caller', KEYS.partner), left - 1)
    assert.equal(await leftOf(there, 'tests-caller', KEYS.partner), left - 1)
  })

  await t.test('a Redis that would forget quotas is told of', async () => {
    assert.equal(
      here.logs().some(({ policy }) => policy !== undefined),
      false,
    )
    await redis.ask.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await redis.ask.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await until('the warning', () => here.logs().some(({ policy }) => policy === 'allkeys-lru'))
  })

  await t.test('a refusal at one replica is known to the other', async () => {
    assert.equal(await redis.ask.exists('relay-tests:refused:127.0.0.1 default'), 1)
  })
})

test(
  'a replica that is killed in the middle of a test leaves it interrupted, and a retry opens no other',
  withRedis,
  async (t) => {
    const redis = await startRedis(t)
    const { server, hold, release } = await gatedServer(t)
    const env = { ALLOWED_PORTS: `${server.port}` }
    const [here, there] = [await startReplica(t, redis, env), await startReplica(t, redis, env)]
    const target = { ip: '127.0.0.1', port: server.port }
    const key = { 'idempotency-key': 'k' }
    const stalled = hold(/^EHLO/)
    const lost = assert.rejects(here.post(target, key))
    await inTime('the test', stalled)
    here.process.kill('SIGKILL')
    await Promise.all([once(here.process, 'exit'), lost])

    const retry = await there.post(target, key)
    const location = retry.headers.get('location') ?? ''
    await problemIn(retry, 'idempotency-running')
    await problemIn(await there.post(target), 'target-busy')
    assert.equal((await resultOf(await there.fetch(location), 200)).status, 'running')

    // The time of the lease passes: the deadline of the test, and ten seconds.
    assert.ok((await redis.ask.pttl('relay-tests:lease:127.0.0.1')) <= 60_000)
    await redis.endLease('127.0.0.1')
    const result = await resultOf(await there.fetch(location), 200)
    assert.deepEqual([result.status, result.verdict, result.reason], ['finished', 'inconclusive', 'interrupted'])
    const again = await there.post(target, key)
    assert.equal(again.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(await resultOf(again), result)
    const list = relayTestList.parse(await (await there.fetch('/relay-tests?ip=127.0.0.1')).json())
    assert.deepEqual(
      list.relayTests.map(({ id, reason }) => [id, reason]),
      [[result.id, 'interrupted']],
    )
    assert.equal(server.connections, 1)
    release()
    assert.equal((await resultOf(await there.post(target))).verdict, 'closed')
  },
)

test('tests that wait are one line for two replicas', withRedis, async (t) => {
  const redis = await startRedis(t)
  const held = await heldServer(t, loopbacks(9))
  const env = { ALLOWED_PORTS: `${held.server.port}`, MAX_CONCURRENT_TESTS: '1' }
  const [here, there] = [await startReplica(t, redis, env), await startReplica(t, redis, env)]
  const queue = async (at: TestService, ip: string, headers = {}) =>
    resultOf(await at.post({ ip, port: held.server.port }, { prefer: 'respond-async', ...headers }), 202)
  const read = async (at: TestService, id: string) => resultOf(await at.fetch(`/relay-tests/${id}`), 200)
  const finished = (at: TestService, id: string) =>
    until('the result', async () => {
      const result = await read(at, id)
      return result.status === 'finished' && result
    })
  const intentsOf = (id: string) =>
    [here, there].map((one) => one.logs().filter((line) => line.audit === 'intent' && line.id === id).length)

  await queue(here, '127.0.0.1')
  await queue(there, '127.0.0.2')
  await Promise.all(['127.0.0.1', '127.0.0.2'].map(held.reached))
  const key = { 'idempotency-key': 'k' }
  const first = await queue(here, '127.0.0.3', key)
  const second = await queue(there, '127.0.0.4')

  await t.test('with the same positions and keys at both', async () => {
    for (const at of [here, there]) {
      assert.deepEqual([(await read(at, first.id)).position, (await read(at, second.id)).position], [1, 2])
    }
    const again = await queue(there, '127.0.0.3', key)
    assert.deepEqual([again.id, again.position], [first.id, 1])
  })

  await t.test('a test of the replica that is killed starts at the other, once', async () => {
    here.process.kill('SIGKILL')
    await once(here.process, 'exit')
    held.release('127.0.0.2')
    held.release('127.0.0.3')
    const result = await finished(there, first.id)
    assert.deepEqual([result.verdict, result.createdAt], ['closed', first.createdAt])
    assert.deepEqual(intentsOf(first.id), [0, 1])
    const again = await there.post({ ip: '127.0.0.3', port: held.server.port }, { prefer: 'respond-async', ...key })
    assert.deepEqual(await resultOf(again), result)
    await held.reached('127.0.0.4')
  })

  await t.test('a shutdown leaves its waiting tests to a replica that comes later', async () => {
    const last = await queue(there, '127.0.0.5')
    const ended = there.stop()
    held.release()
    assert.equal(await inTime('the exit', ended), 0)
    const next = await startReplica(t, redis, env)
    assert.equal((await finished(next, second.id)).verdict, 'closed')
    assert.equal((await finished(next, last.id)).verdict, 'closed')
    assert.equal(there.logs().filter((line) => line.notStarted !== undefined).length, 0)
  })
})

test('a message to the mailbox of one replica reaches the test of the other', withRedis, async (t) => {
  const redis = await startRedis(t)
  const mailbox = { here: await deadPort(), there: await deadPort() }
  let bringAtOnce = true
  const say: Say = (line) => {
    if (line === '.' && bringAtOnce) void bring(mailbox.there, lastMessage(server))
    return healthy(line)
  }
  const server = await scriptedServer(t, { say })
  const start = (port: number) =>
    startReplica(t, redis, {
      ALLOWED_PORTS: `${server.port}`,
      MAILBOX_LISTEN: `127.0.0.1:${port}`,
      DELIVERY_WAIT_MS: '5000',
      TEST_DEADLINE_MS: '10000',
    })
  const here = await start(mailbox.here)
  const there = await start(mailbox.there)

  await t.test('while it waits', async () => {
    const result = await resultOf(await here.post({ ip: '127.0.0.1', port: server.port }))
    assert.deepEqual([result.verdict, result.evidence], ['open', 'delivered'])
  })

  await t.test('and later, so that its result is amended for both', async () => {
    bringAtOnce = false
    const first = await resultOf(
      await here.post({ ip: '127.0.0.1', port: server.port }, { prefer: 'respond-async' }),
      202,
    )
    const read = async (service: TestService) => resultOf(await service.fetch(`/relay-tests/${first.id}`), 200)
    const waited = await until('the end of the wait', async () => {
      const now = await read(there)
      return now.status === 'finished' && now
    })
    assert.equal(waited.evidence, 'message-accepted')
    const replies = await bring(mailbox.there, lastMessage(server))
    assert.ok(replies.some((reply) => /^250 .*/.test(reply)))
    const amended = await until('the amendment', async () => {
      const now = await read(there)
      return now.amendedAt !== null && now
    })
    assert.equal(amended.evidence, 'delivered')
    assert.deepEqual(await read(here), amended)
  })

  await t.test('and even if the replica that ran the test was killed', async () => {
    bringAtOnce = false
    const third = await startReplica(t, redis, { ALLOWED_PORTS: `${server.port}`, MAILBOX_LISTEN: '127.0.0.1:0' })
    const first = await resultOf(await third.post({ ip: '127.0.0.1', port: server.port, proof: 'message' }))
    const waiting = { ip: '127.0.0.1', port: server.port, suite: 'full', proof: 'delivery' } as const
    const made = await resultOf(await third.post(waiting))
    assert.deepEqual([first.verdict, made.evidence], ['open', 'message-accepted'])
    third.process.kill('SIGKILL')
    await once(third.process, 'exit')
    const message = lastMessage(server)
    const replies = await Promise.all([bring(mailbox.there, message), bring(mailbox.here, message)])
    for (const reply of replies) assert.match(reply.at(-2) ?? '', /^250 /)
    const amended = await resultOf(await here.fetch(`/relay-tests/${made.id}`), 200)
    assert.deepEqual([amended.verdict, amended.evidence], ['open', 'delivered'])
    assert.ok(amended.amendedAt)
    assert.deepEqual(await resultOf(await there.fetch(`/relay-tests/${made.id}`), 200), amended)
    const told = [here, there].flatMap((service) => service.logs().filter(({ msg }) => msg === 'relay test amended'))
    assert.equal(told.filter(({ id }) => id === made.id).length, 1, 'only one of two replicas amends it')
  })

  await t.test('and what the server cannot hand on is to come again', async () => {
    const { recipient } = lastMessage(server)
    await redis.kill()
    // This replica knows nothing of the token without Redis.
    assert.match((await envelope(mailbox.there, recipient)).join('\n'), /^451 /m)
  })
})

/** The message that a scripted server took last. */
function lastMessage({ lines }: ScriptedServer): { recipient: string; text: string } {
  const data = lines.lastIndexOf('DATA')
  const [, recipient = ''] = /^RCPT TO:<(.*)>$/.exec(lines[data - 1] ?? '') ?? []
  return { recipient, text: [...lines.slice(data + 1, lines.indexOf('.', data)), '.'].join('\r\n') }
}

const bring = (port: number, { recipient, text }: { recipient: string; text: string }): Promise<string[]> =>
  envelope(port, recipient, 'DATA', text)

const envelope = (port: number, recipient: string, ...rest: readonly string[]): Promise<string[]> =>
  dialogue({ host: '127.0.0.1', port, from: '127.0.0.1' }, [
    'EHLO mail.example.com',
    'MAIL FROM:<someone@example.org>',
    `RCPT TO:<${recipient}>`,
    ...rest,
    'QUIT',
  ])
