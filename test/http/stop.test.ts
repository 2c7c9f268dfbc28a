/** Callers stop tests: those that run, those that wait for a slot, and those that are visited again. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { heldServer, loopbacks } from '../harness/held-server.ts'
import { bearer, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { conforms } from '../harness/openapi.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { KEYS, startService, type TestService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

const ASYNC = { prefer: 'respond-async' }
const STOPPED = 'We stopped the test, because a caller asked us to stop it.'

const remove = (service: TestService, { id }: Pick<RelayTest, 'id'>, key: string = KEYS.partner) =>
  service.fetch(`/relay-tests/${id}`, { method: 'DELETE', headers: bearer(key) })

const read = async (service: TestService, { id }: Pick<RelayTest, 'id'>) =>
  resultOf(await service.fetch(`/relay-tests/${id}`), 200)

const ended = (service: TestService, made: Pick<RelayTest, 'id'>) =>
  until('the end', async () => {
    const result = await read(service, made)
    return result.status === 'finished' && result
  })

/** Starts a service and a mail server that keeps its tests waiting. Each replica has a service of its own. */
async function start(t: TestContext, env: Record<string, string>, replicas = 1) {
  const held = await heldServer(t, loopbacks(3))
  const all = { ALLOWED_PORTS: `${held.server.port}`, ...env }
  const services = []
  for (let count = 0; count < replicas; count += 1) services.push(await startService(t, { env: all }))
  const [service = assert.fail()] = services
  const queue = async (ip: string) => resultOf(await service.post({ ip, port: held.server.port }, ASYNC), 202)
  return { ...held, service, services, queue }
}

test('a test that runs ends within a moment, as interrupted, and its target is free', async (t) => {
  const { service, queue, reached, release } = await start(t, {})
  const made = await queue('127.0.0.1')
  await reached('127.0.0.1')
  const response = await remove(service, made)
  assert.ok([200, 202].includes(response.status), `${response.status}`)
  await conforms('delete /relay-tests/{id}', response, response.status)
  const result = await ended(service, made)
  assert.deepEqual([result.verdict, result.reason, result.summary], ['inconclusive', 'interrupted', STOPPED])
  const again = await queue('127.0.0.1')
  release()
  assert.equal((await ended(service, again)).verdict, 'closed')
  const line = service.logs().find(({ id, withdrawn }) => id === made.id && withdrawn !== undefined)
  assert.equal(line?.withdrawn, 'a caller asked us to stop it')
  assert.ok(service.logs().some(({ msg, caller }) => msg === 'a caller asked to stop a test' && caller === 'partner'))
})

test('a test that waits leaves the line at once, and never starts', async (t) => {
  const { service, queue, reached, release, dialled } = await start(t, { MAX_CONCURRENT_TESTS: '1' })
  const running = await queue('127.0.0.1')
  await reached('127.0.0.1')
  const [second, third] = [await queue('127.0.0.2'), await queue('127.0.0.3')]
  const result = await resultOf(await remove(service, second), 200)
  assert.deepEqual([result.status, result.reason, result.position], ['finished', 'interrupted', null])
  assert.equal(result.summary, 'We did not start the test, because a caller asked us to stop it.')
  assert.equal((await read(service, third)).position, 1)
  release()
  for (const one of [running, third]) assert.equal((await ended(service, one)).verdict, 'closed')
  assert.deepEqual(dialled(), ['127.0.0.1', '127.0.0.3'])
})

test('a test that is stopped has no further follow-up', async (t) => {
  const server = await scriptedServer(t, {
    say: (line, session) => (line.startsWith('RCPT') ? '451 4.7.1 Greylisted, try again later' : closed(line, session)),
  })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, FOLLOW_UPS: '1h' } })
  const made = await resultOf(await service.post({ ip: '127.0.0.1', port: server.port }, ASYNC), 202)
  const first = await ended(service, made)
  assert.ok(first.followUpAt)
  const result = await resultOf(await remove(service, made), 200)
  assert.deepEqual([result.verdict, result.reason, result.followUpAt], ['inconclusive', 'greylisted', null])
  assert.deepEqual(
    result.followUps.map(({ outcome, says }) => [outcome, says]),
    [['stopped', STOPPED]],
  )
  assert.deepEqual(await resultOf(await remove(service, made), 200), result, 'nothing is left to stop')
})

test('a finished test stays as it is, and a key cannot stop a test that it may not read', async (t) => {
  const { service, queue, reached, release } = await start(t, {})
  const made = await queue('127.0.0.1')
  await reached('127.0.0.1')
  await problemIn(await remove(service, made, keyOf('x')), 'unauthenticated')
  await problemIn(await remove(service, { id: '5f0c7a52-0000-4000-8000-000000000000' }), 'not-found')
  release()
  const result = await ended(service, made)
  assert.equal(result.verdict, 'closed')
  assert.deepEqual(await resultOf(await remove(service, made), 200), result)
})

test('a replica stops a test that another one runs', withRedis, async (t) => {
  const redis = await startRedis(t)
  const { services, queue, reached } = await start(t, { REDIS_URL: redis.url }, 2)
  const [, other = assert.fail()] = services
  for (const one of services) {
    await until('Redis', async () => (await (await one.fetch('/readyz')).text()).includes('"redis":"up"'))
  }
  const made = await queue('127.0.0.1')
  await reached('127.0.0.1')
  assert.equal((await remove(other, made)).status, 202)
  const result = await ended(other, made)
  assert.deepEqual([result.reason, result.summary], ['interrupted', STOPPED])
})
