/**
 * Two replicas on one Redis. One is killed while it sends an event. No event of an answered test is lost or overtakes
 * another one, and a repeated event has the same id. `WEBHOOKS=1000` sends a thousand.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKey } from '../src/access/keys.ts'
import { bearer, keyOf, resultOf } from './harness/http.ts'
import { killed } from './harness/process.ts'
import { SECRET, taking, webhookReceiver } from './harness/receiver.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const WEBHOOKS = Number(process.env.WEBHOOKS ?? 150)
/** BullMQ looks every 30 s for a dead replica, whose lock ends after 30 s. */
const PATIENCE_MS = 120_000
const KEY = keyOf('s')
/** The addresses of the sandbox that answer at once. */
const ADDRESSES = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.7', '192.0.2.8']

test('a replica that is killed while it sends loses no event, and changes no order', withRedis, async (t) => {
  const redis = await startRedis(t)
  const arrived: string[] = []
  let killAt = Math.floor(WEBHOOKS / 3)
  const kills: Promise<void>[] = []
  const receiver = await webhookReceiver(t, (response, received, request) => {
    arrived.push(received.id)
    if (arrived.length < killAt) return taking(response, received, request)
    // Takes the event, and does not answer: the replica that sent it is killed.
    killAt = Number.POSITIVE_INFINITY
    const sender = services.find((_, replica) => request.url?.endsWith(`/${replica}`)) ?? assert.fail()
    living = services.filter((service) => service !== sender)
    kills.push(killed(sender.process))
    return true
  })
  /** Each replica has its own address for the webhook, so that the receiver knows which one sends. */
  const callersOf = (replica: number) =>
    `callers: [{ id: portal, keys: [{ sha256: ${hashKey(KEY)} }], sandbox: true, webhook: { url: '${receiver.url}/${replica}', secret: ${SECRET} } }]\n`
  const env = { REDIS_URL: redis.url, ALLOWED_PORTS: '25' }
  const start = (replica: number) => startService(t, { callers: callersOf(replica), env })
  const services = [await start(0), await start(1)]
  let living: TestService[] = services
  for (const service of services) {
    await until('Redis', async () => (await (await service.fetch('/readyz')).text()).includes('"redis":"up"'))
  }

  /** Runs tests of one address one after another, at both replicas in turn. Returns the ids of those with an answer. */
  async function run(ip: string): Promise<string[]> {
    const ids: string[] = []
    for (let turn = 0; ids.length < WEBHOOKS / ADDRESSES.length; turn += 1) {
      const service = living[turn % living.length] ?? assert.fail()
      const response = await service.post({ ip }, bearer(KEY)).catch(() => null)
      if (response?.status === 201) ids.push((await resultOf(response)).id)
      // The killed replica has left a lease behind, which would keep the address busy for a minute.
      else await redis.endLease(`sandbox-portal ${ip}`)
    }
    return ids
  }
  const answered = await Promise.all(ADDRESSES.map(run))
  const expected = answered.flat().map((id) => `${id}-finished`)
  await until('all events', () => expected.every((id) => arrived.includes(id)), PATIENCE_MS)
  await Promise.all(kills)
  assert.equal(kills.length, 1)

  const first = new Map<string, number>()
  for (const [place, id] of arrived.entries()) if (!first.has(id)) first.set(id, place)
  const placesOf = (ids: readonly string[]) => ids.map((id) => first.get(`${id}-finished`) ?? -1)
  const outOfOrder = answered.flatMap((ids) => {
    const places = placesOf(ids)
    return places.filter((place, index) => place < (places[index - 1] ?? 0))
  })
  const doubled = arrived.length - first.size
  const lost = expected.filter((id) => !first.has(id)).length
  t.diagnostic(`${expected.length} events: ${lost} lost, ${doubled} doubled, ${outOfOrder.length} out of order`)
  assert.deepEqual([lost, outOfOrder.length], [0, 0])
  // The event that the killed replica was sending comes again, directly after itself.
  assert.equal(doubled, 1)
  const again = arrived.findIndex((id, place) => first.get(id) !== place)
  assert.equal(arrived[again], arrived[again - 1])
})
