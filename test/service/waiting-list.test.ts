/** The line of tests that wait for a slot: places, failures, and jobs that run twice. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { isWaiting } from '../../src/contract/waiting.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import type { Queue, QueueOptions } from '../../src/queue/queue.ts'
import { Queues } from '../../src/queue/queues.ts'
import { problemOf } from '../../src/service/problem.ts'
import { readRequest } from '../../src/service/request.ts'
import { runningResult } from '../../src/service/result.ts'
import { WaitingList, type WaitingTest, waitingListOptions } from '../../src/service/waiting-list.ts'
import { memoryStores, type Stores } from '../../src/store/stores.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { type InProcessOptions, inProcess } from '../harness/relay-tests.ts'
import { resultWith } from '../harness/result.ts'
import { until } from '../harness/waiting.ts'

const TTL_MS = 600_000
const GONE = new StoreUnavailable(new Error('away'))

const waitingTest = (id: string, second: number, caller = 'desk'): WaitingTest => ({
  id,
  queuedAt: `2027-01-02T03:04:0${second}.000Z`,
  caller,
  requestId: 'request',
  key: null,
  request: { ip: '127.0.0.1', port: 25, suite: 'standard', proof: 'message' },
})

test('places are in the order of the requests, and the first test of a caller can be hurried', async () => {
  const queue = memoryQueue(waitingListOptions(1))
  const line = new WaitingList(queue)
  assert.equal(await line.positionOf('a'), null)
  await line.join(waitingTest('b', 2))
  await line.join(waitingTest('a', 1, 'partner'))
  await line.join(waitingTest('c', 3))
  assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map((id) => line.positionOf(id))), [1, 2, 3, null])
  await line.leave(waitingTest('b', 2))
  assert.deepEqual(await queue.ids(), ['2027-01-02T03:04:01.000Z partner a', '2027-01-02T03:04:03.000Z desk c'])
  const hurried: string[] = []
  const watched = new WaitingList({ ...queue, hurry: async (id) => void hurried.push(id) })
  await watched.hurry('desk')
  await watched.hurry('nobody')
  assert.deepEqual(hurried, ['2027-01-02T03:04:03.000Z desk c'])
})

/** A service with one slot. The run of each test waits until it is ended. */
async function busyService(t: TestContext, stores: Stores, options: InProcessOptions = {}) {
  const ran: string[] = []
  const ends: (() => void)[] = []
  const service = await inProcess(t, stores, {
    env: { MAX_CONCURRENT_TESTS: '1' },
    async run({ test: { ip } }) {
      ran.push(ip)
      await new Promise<void>((resolve) => ends.push(resolve))
      throw new Error('the end of this run')
    },
    ...options,
  })
  const start = async (ip: string, respondAsync = true) => {
    const request = readRequest({ ip, port: 25 }, { allowedPorts: [25], defaultProof: 'message' })
    const asked = { idempotencyKey: null, respondAsync, live: false }
    return (await service.relayTests.start(request, service.asking('desk'), asked)).result
  }
  const read = async (id: string) => service.relayTests.archive.get(id, service.asking('desk').caller)
  t.after(() => {
    for (const end of ends) end()
  })
  return { ...service, ran, start, read, endNext: async () => (await until('a run', () => ends.shift()))() }
}

test('a job that runs twice starts its test once', async (t) => {
  const twice: { open<Job>(options: QueueOptions<Job>): Queue<Job> } = {
    open(options) {
      const queue = memoryQueue(options)
      return {
        ...queue,
        work: ({ run, died }) =>
          queue.work({
            async run(job, attempt) {
              await run(job, attempt)
              await run(job, attempt)
            },
            died,
          }),
      }
    },
  }
  const { start, read, ran, endNext, audited } = await busyService(t, memoryStores(TTL_MS), { queues: twice })
  await start('127.0.0.1')
  const { id } = await start('127.0.0.2')
  await endNext()
  await until('its start', () => ran.length === 2)
  await endNext()
  await until('its end', async () => (await read(id))?.status === 'finished')
  assert.deepEqual(ran, ['127.0.0.1', '127.0.0.2'])
  assert.equal(audited.filter((line) => line.audit === 'intent' && line.id === id).length, 1)
})

test('a test whose turn comes while the stores are away stays on the list, and starts later', async (t) => {
  const { leases, ...others } = memoryStores(TTL_MS)
  let tries = 0
  const acquire: typeof leases.acquire = (...all) => {
    tries += 1
    return tries === 2 ? Promise.reject(GONE) : leases.acquire(...all)
  }
  const { start, read, ran, endNext } = await busyService(t, { ...others, leases: { ...leases, acquire } })
  await start('127.0.0.1')
  const { id } = await start('127.0.0.2')
  await endNext()
  await until('the failure', () => tries === 2)
  assert.equal((await read(id))?.position, 1)
  await until('its start', () => ran.length === 2)
  assert.deepEqual([tries, (await read(id))?.position], [3, null])
})

test('a test that got no room on the list is as if it had never been', async (t) => {
  const stores = memoryStores(TTL_MS)
  const { start, endNext, ran } = await busyService(t, stores)
  for (let test = 0; test <= 10; test += 1) await start(`127.0.0.${test + 1}`)
  const before = await stores.counters.read('tests-caller:desk')
  await assert.rejects(start('127.0.0.90'), (error) => problemOf(error)?.slug === 'at-capacity')
  assert.equal((await stores.counters.read('tests-caller:desk')).current, before.current)
  const mayName = () => true
  assert.deepEqual((await stores.results.list({ ip: '127.0.0.90', mayName }, 1)).summaries, [])
  for (let test = 0; test <= 10; test += 1) await endNext()
  assert.equal(ran.length, 11)
})

test('a waiting test that is in no line reads as interrupted, unless it is just joining', async (t) => {
  const stores = memoryStores(TTL_MS)
  const { relayTests, asking } = await inProcess(t, stores, { queues: new Queues(memoryQueue) })
  const put = async (id: string, queuedAt: Date) => {
    const times = { createdAt: queuedAt.toISOString(), queuedAt: queuedAt.toISOString(), startedAt: null }
    const result = runningResult({ ...resultWith({ id }), ...times })
    assert.ok(isWaiting(result))
    await stores.results.put(result)
    return relayTests.archive.get(id, asking('desk').caller)
  }
  const joining = await put('joining', new Date())
  assert.deepEqual([joining?.status, joining?.position], ['running', null])
  const lost = await put('lost', new Date(Date.now() - 60_000))
  assert.deepEqual([lost?.status, lost?.reason, lost?.finishedAt], ['finished', 'interrupted', lost?.createdAt])
})
