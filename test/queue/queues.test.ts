/** The same tests for both kinds of queue, in memory and in Redis. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { bullQueue } from '../../src/queue/bullmq.ts'
import { memoryQueue } from '../../src/queue/memory.ts'
import { GiveUp, PutBack, type Queue, type QueueOptions } from '../../src/queue/queue.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { startRedis, type TestRedis, withRedis } from '../harness/redis.ts'
import { until } from '../harness/waiting.ts'

const OPTIONS: QueueOptions<string> = { name: 'tests', limit: 5, atOnce: 2, pausesMs: [1, 1], parse: String }

type Open = (t: TestContext, options?: Partial<QueueOptions<string>>) => Promise<Queue<string>>

const inMemory: Open = async (t, options) => {
  const queue = memoryQueue({ ...OPTIONS, ...options })
  t.after(() => queue.close())
  return queue
}

/** Starts a Redis that ends after the queues, because a queue without its Redis keeps timers for a while. */
async function withQueues<T>(t: TestContext, open: (redis: TestRedis) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = []
  const redis = await startRedis({ after: (work) => void ends.push(work) })
  const queues = await open(redis)
  for (const work of ends) t.after(work)
  return queues
}

/** Starts a Redis, and opens a queue in it. */
const inRedis: Open = (t, options) => withQueues(t, ({ url }) => opened(t, url, options))

async function opened(t: TestContext, url: string, options: Partial<QueueOptions<string>> = {}) {
  const queue = bullQueue(url, { ...OPTIONS, ...options })
  t.after(() => queue.close())
  await until('a connection', () => queue.state().catch(() => null))
  return queue
}

/** Runs a queue, and lists its jobs. `failing` says in how many first attempts a job throws. */
function noting(queue: Queue<string>, failing: Readonly<Record<string, number>> = {}) {
  const ran: string[] = []
  const dead: string[] = []
  queue.work({
    async run(job, attempt) {
      ran.push(job)
      if (attempt <= (failing[job] ?? 0)) throw new Error(`${job} fails`)
    },
    died: (job, error) => dead.push(`${job}: ${error.message}`),
  })
  return { ran, dead }
}

const EMPTY = { waiting: 0, running: 0, dead: 0, lateMs: 0 }

for (const [name, options, open] of [
  ['memory', {}, inMemory],
  ['Redis', withRedis, inRedis],
] as const) {
  test(`a queue in ${name}`, options, async (t) => {
    await t.test('runs each job once, in the order of their times', async (t) => {
      const queue = await open(t, { atOnce: 1 })
      assert.equal(await queue.add('b', 'second', 40), 'added')
      assert.equal(await queue.add('a', 'first', 0), 'added')
      assert.equal(await queue.add('c', 'third', 80), 'added')
      const { ran } = noting(queue)
      await until('all jobs', () => ran.length === 3)
      assert.deepEqual(ran, ['first', 'second', 'third'])
      await until('an empty queue', async () => (await queue.state()).running === 0)
      assert.deepEqual(await queue.state(), EMPTY)
    })

    await t.test('adds no second job with the id of one that waits or runs', async (t) => {
      const queue = await open(t)
      assert.equal(await queue.add('a', 'one', 60_000), 'added')
      assert.equal(await queue.add('a', 'other', 0), 'known')
      let finish = () => {}
      queue.work({ run: () => new Promise((resolve) => (finish = resolve)), died() {} })
      assert.equal(await queue.add('b', 'runs', 0), 'added')
      await until('the job runs', async () => (await queue.state()).running === 1)
      assert.equal(await queue.add('b', 'again', 0), 'known')
      finish()
      await until('it has ended', async () => (await queue.state()).running === 0)
      assert.equal(await queue.add('b', 'again', 60_000), 'added')
    })

    await t.test('holds no more jobs than its limit', async (t) => {
      const queue = await open(t)
      for (let job = 0; job < 5; job += 1) assert.equal(await queue.add(`${job}`, 'job', 60_000), 'added')
      assert.equal(await queue.add('more', 'job', 60_000), 'full')
      assert.equal((await queue.state()).waiting, 5)
      assert.equal(await queue.cancel('3'), true)
      assert.equal(await queue.add('more', 'job', 60_000), 'added')
    })

    await t.test('cancels a job that waits, even if its id has colons or other special characters', async (t) => {
      const queue = await open(t)
      for (const id of ['plain', '2001:db8::25 25', 'ü/%3A']) {
        await queue.add(id, id, 60_000)
        assert.equal(await queue.cancel(id), true, id)
        assert.equal(await queue.cancel(id), false, id)
      }
      assert.deepEqual(await queue.state(), EMPTY)
    })

    await t.test('tries a job again after each pause, then keeps it as dead', async (t) => {
      const queue = await open(t)
      await queue.add('a', 'heals', 0)
      await queue.add('b', 'stays ill', 0)
      const { ran, dead } = noting(queue, { heals: 2, 'stays ill': 99 })
      await until('a dead job', async () => (await queue.state()).dead === 1 && dead.length === 1 && ran.length === 6)
      assert.deepEqual(dead, ['stays ill: stays ill fails'])
      assert.deepEqual(ran.toSorted(), ['heals', 'heals', 'heals', 'stays ill', 'stays ill', 'stays ill'])
      // A new job may have the id of a dead one.
      assert.equal(await queue.add('b', 'heals', 60_000), 'added')
    })

    await t.test('does not try a job again that throws GiveUp', async (t) => {
      const queue = await open(t)
      const dead: string[] = []
      queue.work({
        async run() {
          throw new GiveUp('never again')
        },
        died: (job, error) => dead.push(`${job}: ${error.message}`),
      })
      await queue.add('a', 'hopeless', 0)
      await until('a dead job', async () => (await queue.state()).dead === 1 && dead.length === 1)
      assert.deepEqual(dead, ['hopeless: never again'])
    })

    await t.test('in order, runs no job before one that is tried again, and goes on after a dead one', async (t) => {
      const queue = await open(t, { inOrder: true, atOnce: 5, pausesMs: [300, 1] })
      const { ran, dead } = noting(queue, { second: 2, third: 99 })
      for (const job of ['first', 'second', 'third', 'fourth']) assert.equal(await queue.add(job, job, 0), 'added')
      await until('the first attempt', () => ran.length === 2)
      assert.equal(await queue.add('fifth', 'fifth', 0), 'added')
      await until('a job that waits', async () => {
        const { waiting, lateMs } = await queue.state()
        return waiting >= 3 && lateMs > 0
      })
      await until('the last job', () => ran.includes('fifth'))
      const thrice = (job: string) => [job, job, job]
      assert.deepEqual(ran, ['first', ...thrice('second'), ...thrice('third'), 'fourth', 'fifth'])
      assert.deepEqual(dead, ['third: third fails'])
    })

    await t.test('runs no more jobs at the same time than `atOnce`', async (t) => {
      const queue = await open(t)
      const ends: (() => void)[] = []
      let most = 0
      let running = 0
      queue.work({
        run: () => {
          running += 1
          most = Math.max(most, running)
          return new Promise((resolve) =>
            ends.push(() => {
              running -= 1
              resolve()
            }),
          )
        },
        died() {},
      })
      for (let job = 0; job < 5; job += 1) await queue.add(`${job}`, 'job', 0)
      await until('two run', () => running === 2)
      const { waiting, lateMs } = await queue.state()
      assert.equal(waiting, 3)
      assert.ok(lateMs >= 0)
      for (let ended = 0; ended < 5; ended += 1) {
        await until('another runs', () => ends.length > 0)
        ends.shift()?.()
      }
      assert.equal(most, 2)
    })

    await t.test('waits for the running job when it is closed, and begins no other', async (t) => {
      const queue = await open(t, { atOnce: 1 })
      const seen: string[] = []
      let finish = () => {}
      queue.work({
        run: async (job) => {
          seen.push(`begin ${job}`)
          await new Promise<void>((resolve) => (finish = resolve))
          seen.push(`end ${job}`)
        },
        died() {},
      })
      await queue.add('a', 'runs', 0)
      await until('it runs', () => seen.length === 1)
      await queue.add('b', 'waits', 0)
      const closed = queue.close()
      finish()
      // Only jobs in memory are lost, so only they are returned.
      assert.deepEqual(await closed, name === 'memory' ? ['waits'] : [])
      assert.deepEqual(seen, ['begin runs', 'end runs'])
    })

    await t.test('puts a job back to its end after a pause, without counting the attempt', async (t) => {
      const queue = await open(t, { atOnce: 1 })
      const seen: string[] = []
      let isPutBack = false
      await queue.add('a', 'puts itself back', 0)
      await queue.add('b', 'runs', 0)
      queue.work({
        async run(job, attempt) {
          seen.push(`${job} ${attempt}`)
          if (job !== 'puts itself back' || isPutBack) return
          isPutBack = true
          throw new PutBack({ ms: 1 })
        },
        died: (job) => seen.push(`${job} died`),
      })
      await until('both', () => seen.length === 3)
      assert.deepEqual(seen, ['puts itself back 1', 'runs 1', 'puts itself back 1'])
    })

    await t.test('puts a job back to its head, and runs nothing until the promise ends', async (t) => {
      const queue = await open(t, { atOnce: 1 })
      const seen: string[] = []
      let go = () => {}
      const waits = [new Promise<void>((resolve) => (go = resolve)), Promise.resolve()]
      await queue.add('a', 'first', 0)
      await queue.add('b', 'second', 0)
      queue.work({
        async run(job) {
          seen.push(job)
          const until = waits.shift()
          if (until) throw new PutBack({ until })
        },
        died: (job) => seen.push(`${job} died`),
      })
      await until('the job is put back', async () => seen.length === 1 && (await queue.state()).waiting === 2)
      assert.deepEqual((await queue.ids()).toSorted(), ['a', 'b'])
      assert.deepEqual(seen, ['first'])
      go()
      await until('all jobs', () => seen.length === 4)
      assert.deepEqual(seen, ['first', 'first', 'first', 'second'])
      await until('an empty queue', async () => (await queue.ids()).length === 0)
    })

    await t.test('makes a delayed job ready at once', async (t) => {
      const queue = await open(t)
      const { ran } = noting(queue)
      await queue.add('2001:db8::25 a', 'late', 60_000)
      await queue.add('other', 'later', 60_000)
      await queue.hurry('nobody')
      await queue.hurry('2001:db8::25 a')
      await until('the job', () => ran.length === 1)
      assert.deepEqual(ran, ['late'])
      assert.deepEqual(await queue.ids(), ['other'])
    })

    await t.test('adds a job at each time of its schedule, until the schedule is replaced', async (t) => {
      const queue = await open(t)
      const { ran } = noting(queue)
      await queue.schedule([
        { id: 'each second', cron: '* * * * * *', job: 'tick' },
        { id: 'never', cron: '0 0 1 1 *', job: 'new year' },
      ])
      await until('two ticks', () => ran.length >= 2, 10_000)
      await queue.schedule([{ id: 'never', cron: '0 0 1 1 *', job: 'new year' }])
      const ticks = ran.length
      await until('a job after the schedule ended', async () => (await queue.add('last', 'last', 1_500)) !== 'full')
      await until('the last job', () => ran.includes('last'))
      assert.ok(ran.filter((job) => job === 'tick').length <= ticks + 1)
      await assert.rejects(queue.schedule([{ id: 'x', cron: 'every now and then', job: 'x' }]))
    })
  })
}

test('queues of two replicas in one Redis', withRedis, async (t) => {
  const { redis, here, there } = await withQueues(t, async (redis) => {
    return { redis, here: await opened(t, redis.url), there: await opened(t, redis.url) }
  })

  await t.test('run each job once between them', async () => {
    const [mine, other] = [noting(here), noting(there)]
    for (let job = 0; job < 50; job += 1) {
      await until('room', async () => (await here.add(`${job}`, `${job}`, 0)) === 'added')
    }
    await until('all jobs', () => mine.ran.length + other.ran.length === 50)
    assert.equal(new Set([...mine.ran, ...other.ran]).size, 50)
  })

  await t.test('run one job at a time between them, if they keep the order', async (t) => {
    const options = { name: 'in-order', inOrder: true, pausesMs: [1, 1, 1] }
    const queues = [await opened(t, redis.url, options), await opened(t, redis.url, options)]
    const ran: string[] = []
    let running = 0
    for (const [index, queue] of queues.entries()) {
      queue.work({
        async run(job, attempt) {
          running += 1
          assert.equal(running, 1)
          // Gives another job the time to begin. On a slow machine, Redis may not answer in time.
          await queue.state().catch(() => {})
          running -= 1
          if (Number(job) % 5 === 0 && attempt < 3) throw new Error(`fails at ${index}`)
          ran.push(job)
        },
        died: (job) => assert.fail(`${job} died`),
      })
    }
    for (let job = 0; job < 40; job += 1) {
      const at = queues[job % 2] ?? assert.fail()
      await until('room', async () => (await at.add(`${job}`, `${job}`, 0)) === 'added')
    }
    await until('all jobs', () => ran.length === 40)
    assert.deepEqual(
      ran,
      Array.from({ length: 40 }, (_, job) => `${job}`),
    )
  })

  await t.test('throw StoreUnavailable while Redis is away, and go on when it is back', async () => {
    redis.freeze()
    await assert.rejects(here.add('a', 'a', 0), StoreUnavailable)
    await assert.rejects(here.state(), StoreUnavailable)
    redis.thaw()
    await until('Redis is back', async () => (await here.state().catch(() => null)) !== null)
  })
})
