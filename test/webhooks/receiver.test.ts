/** The events of one caller, with both kinds of queue: their order, and the end of those that cannot be sent. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { bullQueue } from '../../src/queue/bullmq.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import type { OpenQueue } from '../../src/queue/queue.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { pingAt } from '../../src/webhooks/events.ts'
import { Receiver } from '../../src/webhooks/receiver.ts'
import { answering, SECRET, taking, type WebhookReceiver, webhookReceiver } from '../harness/receiver.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { until } from '../harness/waiting.ts'

const inMemory = async (): Promise<OpenQueue> => memoryQueue
const inRedis = async (t: TestContext): Promise<OpenQueue> => {
  const { url } = await startRedis(t)
  return (options) => bullQueue(url, options)
}

/** Makes the receiver of a caller, and lists the outcomes and the log lines of its events. */
function caller(t: TestContext, openQueue: OpenQueue, url: string, options: { id?: string } = {}) {
  const counted: string[] = []
  const logged: string[] = []
  const webhook: { url: string } | null = { url }
  const write = (fields: object, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`)
  const settings = { webhook: webhook as { url: string } | null }
  const receiver = new Receiver(
    options.id ?? 'portal',
    () => settings.webhook && { ...settings.webhook, secret: SECRET },
    {
      openQueue,
      around: { allowLoopback: true, translations: [], own: () => [], addressesOf: async () => [] },
      log: { info: write, error: write },
      count: (outcome) => void counted.push(outcome),
    },
  )
  t.after(() => receiver.close())
  const tell = (id: string, at = new Date()) => receiver.tell(async () => [pingAt(id, at)])
  return { receiver, tell, counted, logged, settings }
}

const idsOf = ({ taken }: WebhookReceiver) => taken.map(({ id }) => id)

for (const [name, options, open] of [
  ['memory', {}, inMemory],
  ['Redis', withRedis, inRedis],
] as const) {
  test(`with a queue in ${name}`, options, async (t) => {
    const openQueue = await open(t)

    await t.test('no event overtakes one that is tried again', async (t) => {
      let refusals = 1
      const server = await webhookReceiver(t, (response, received, request) => {
        const refused = received.id === 'ping-2' && refusals-- > 0
        return (refused ? answering(503) : taking)(response, received, request)
      })
      const { tell, counted, logged } = caller(t, openQueue, server.url, { id: 'in-order' })
      for (const id of ['1', '2', '3']) await tell(id)
      await until('all events', () => server.taken.length === 3)
      assert.deepEqual(idsOf(server), ['ping-1', 'ping-2', 'ping-3'])
      await until('the count', () => counted.length === 4)
      assert.deepEqual(counted, ['delivered', 'failed', 'delivered', 'delivered'])
      const again = /^a webhook event is tried again later .*"event":"ping-2".*"attempt":1,"why":"it answered 503/
      assert.equal(logged.filter((line) => again.test(line)).length, 1)
      assert.ok(!logged.join().includes(SECRET.slice(6, 18)))
    })

    await t.test('one receiver that hangs holds up no other', async (t) => {
      const silent = await webhookReceiver(t, () => false)
      const quick = await webhookReceiver(t)
      const hanging = caller(t, openQueue, silent.url, { id: 'hanging' })
      const other = caller(t, openQueue, quick.url, { id: 'other' })
      await hanging.tell('1')
      await until('the request that hangs', () => silent.requests === 1)
      await other.tell('2')
      await until('the event of the other', () => quick.taken.length === 1)
      assert.deepEqual(hanging.counted, [])
    })

    await t.test('after 410 nothing is sent, until the file has another url', async (t) => {
      const gone = await webhookReceiver(t, answering(410))
      const { tell, counted, logged, settings } = caller(t, openQueue, gone.url, { id: 'gone' })
      await tell('1')
      await tell('2')
      await until('the second event is discarded', () => counted.length === 2)
      assert.deepEqual([counted, gone.requests], [['gone', 'off'], 1])
      const off = /^the webhook answered 410: it is off until the callers file has another url/
      assert.equal(logged.filter((line) => off.test(line)).length, 1)
      const next = await webhookReceiver(t)
      settings.webhook = { url: next.url }
      await tell('3')
      await until('an event at the new url', () => next.taken.length === 1)
      assert.deepEqual([idsOf(next), gone.requests], [['ping-3'], 1])
      settings.webhook = null
      await tell('4')
      await until('the last is discarded', () => counted.length === 4)
      assert.deepEqual([counted[3], next.requests], ['off', 1])
    })

    await t.test('an event that was tried for a day is given up, and the log says so', async (t) => {
      const server = await webhookReceiver(t)
      const { receiver, tell, counted, logged } = caller(t, openQueue, server.url, { id: 'late' })
      await tell('old', new Date(Date.now() - 25 * 3_600_000))
      await tell('new')
      await until('the new event', () => server.taken.length === 1)
      assert.deepEqual(idsOf(server), ['ping-new'])
      await until('both are counted', () => counted.length === 2)
      assert.deepEqual(counted, ['dead', 'delivered'])
      assert.match(logged.join(), /a webhook event was given up .*"event":"ping-old".*tried for a day/)
      assert.equal((await receiver.queue.state()).dead, 1)
    })

    await t.test('no more than a thousand events wait', async (t) => {
      const silent = await webhookReceiver(t, () => false)
      const { receiver, tell, counted, logged } = caller(t, openQueue, silent.url, { id: 'full' })
      await tell('first')
      await until('the request that hangs', () => silent.requests === 1)
      const dropped = () => counted.filter((outcome) => outcome === 'full').length
      let told = 0
      for (; told < 2_000 && dropped() === 0; told += 1) await tell(`${told}`)
      // On a slow machine, some events reach the queue later, and the event whose request hangs may wait again.
      await until('each event to wait or to be dropped', () => told - dropped() <= 1_000)
      const kept = told - dropped()
      assert.ok(kept === 1_000 || (kept === 999 && counted.includes('failed')), `${told}, ${dropped()} dropped`)
      assert.equal((await receiver.queue.state()).waiting, 1_000)
      assert.match(logged.join(), /a webhook event is dropped: too many wait/)
    })
  })
}

test('while the queue cannot be reached, events wait, and are sent in their order afterwards', async (t) => {
  const server = await webhookReceiver(t)
  let isAway = true
  const openQueue: OpenQueue = (options) => {
    const queue = memoryQueue(options)
    return {
      ...queue,
      async add(...args) {
        if (isAway) throw new StoreUnavailable('away')
        return queue.add(...args)
      },
    }
  }
  const { tell } = caller(t, openQueue, server.url)
  for (const id of ['1', '2', '3']) await tell(id)
  isAway = false
  await tell('4')
  await until('all events', () => server.taken.length === 4)
  assert.deepEqual(idsOf(server), ['ping-1', 'ping-2', 'ping-3', 'ping-4'])
})

test('when the service ends, it sends the events that are due, and logs those that are lost', async (t) => {
  const quick = await webhookReceiver(t)
  const told = caller(t, memoryQueue, quick.url)
  for (const id of ['1', '2', '3']) await told.tell(id)
  await told.receiver.close()
  assert.deepEqual(idsOf(quick), ['ping-1', 'ping-2', 'ping-3'])
  const broken = await webhookReceiver(t, answering(500))
  const failing = caller(t, memoryQueue, broken.url)
  await failing.tell('1')
  await failing.receiver.close()
  assert.deepEqual(failing.counted, ['failed', 'dead'])
  assert.match(failing.logged.join(), /a webhook event is lost, because the service ends/)
})
