/** The stores of sweeps, in memory and in Redis, held to the same tests. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { redisStores } from '../../src/store/redis/stores.ts'
import {
  difference,
  memorySweeps,
  PART,
  type StoredSweep,
  type SweepRow,
  type Sweeps,
  type SweepTarget,
  surplusOf,
} from '../../src/store/sweeps.ts'
import { runningRow, skippedRow, testedRow } from '../../src/sweeps/rows.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { resultWith } from '../harness/result.ts'
import { until } from '../harness/waiting.ts'

const inRedis = async (t: TestContext): Promise<Sweeps> => {
  const redis = await startRedis(t)
  const stores = redisStores(redis.url, { resultTtlMs: 60_000, leaseMs: 60_000 }, { info() {}, error() {} })
  t.after(() => stores.close())
  await until('a connection', async () => (await stores.server?.look())?.isUp)
  return stores.sweeps
}

const target = (ip: string): SweepTarget => ({
  ip,
  port: 25,
  customerId: 'acme',
  domain: null,
  knownMailbox: null,
  reference: null,
})
const manyTargets = (count: number) =>
  Array.from({ length: count }, (_, index) => target(`10.0.${index >> 8}.${index & 255}`))

/** Stores a sweep with its targets, and begins it. */
async function stored(sweeps: Sweeps, name: string, targets: readonly SweepTarget[], callerId = 'security') {
  const id = randomUUID()
  for (let from = 0; from < targets.length; from += PART) await sweeps.addTargets(id, targets.slice(from, from + PART))
  const kinds = { customers: null, suite: 'standard', proof: 'message', spread: null, scheduled: false } as const
  const createdAt = new Date().toISOString()
  return { id, begun: await sweeps.begin({ id, name, callerId, ...kinds, createdAt, targets: targets.length }) }
}

for (const [where, options, open] of [
  ['memory', {}, async () => memorySweeps()],
  ['Redis', withRedis, inRedis],
] as const) {
  test(`sweeps in ${where}`, options, async (t) => {
    const sweeps = await open(t)

    await t.test('keep all targets in their order, in parts of any length', async () => {
      const targets = manyTargets(2 * PART + 7)
      const { id } = await stored(sweeps, 'parts', targets)
      for (const [from, count] of [
        [0, 1],
        [0, 2 * PART + 7],
        [PART - 1, 2],
        [PART, PART],
        [2 * PART + 6, 100],
      ] as const) {
        assert.deepEqual(await sweeps.targets(id, from, count), targets.slice(from, from + count), `${from} ${count}`)
      }
      assert.deepEqual(await sweeps.targets(id, 2 * PART + 7, 5), [])
    })

    await t.test('run once at a time under one name of one caller', async () => {
      const { id } = await stored(sweeps, 'once', manyTargets(1))
      const other = await stored(sweeps, 'once', manyTargets(1))
      assert.deepEqual(other.begun, { busy: id })
      assert.equal(await sweeps.get(other.id), null)
      assert.deepEqual((await stored(sweeps, 'once', manyTargets(1), 'another')).begun, { against: null })
      assert.equal(await sweeps.end(id, 'finished', '2026-11-29T03:00:00.000Z', null), true)
      assert.equal(await sweeps.end(id, 'stopped', '2026-11-29T04:00:00.000Z', null), false)
      const next = await stored(sweeps, 'once', manyTargets(1))
      assert.deepEqual(next.begun, { against: id })
      await sweeps.end(next.id, 'stopped', '2026-11-29T05:00:00.000Z', 'A caller stopped the sweep.')
      assert.equal((await sweeps.get(next.id))?.says, 'A caller stopped the sweep.')
      assert.deepEqual((await stored(sweeps, 'once', manyTargets(1))).begun, { against: id })
    })

    await t.test('let only one of several write a row, and count each row once', async () => {
      const [one = assert.fail()] = manyTargets(1)
      const { id } = await stored(sweeps, 'rows', [one])
      const ids = Array.from({ length: 20 }, () => randomUUID())
      const wrote = await Promise.all(ids.map((testId) => sweeps.swap(id, one, null, runningRow(testId))))
      assert.equal(wrote.filter((isFirst) => isFirst).length, 1)
      const [row = null] = await sweeps.rows(id, [one])
      assert.deepEqual(await sweeps.running(id), [row?.testId])
      const result = resultWith({ verdict: 'open', finishedAt: '2026-11-29T03:00:00.000Z' })
      const done = testedRow(result, null)
      assert.equal(await sweeps.swap(id, one, null, done), false)
      assert.equal(await sweeps.swap(id, one, row, done), true)
      const counts = (await sweeps.get(id))?.counts
      assert.deepEqual([counts?.running, counts?.tested, counts?.open, counts?.isNew], [0, 1, 1, 1])
      const closed = testedRow({ ...result, verdict: 'closed' }, null)
      assert.equal(await sweeps.swap(id, one, done, closed), true)
      const after = (await sweeps.get(id))?.counts
      assert.deepEqual([after?.open, after?.closed, after?.tested], [0, 1, 1])
      assert.deepEqual(await sweeps.running(id), [])
      assert.equal(await sweeps.swap(randomUUID(), one, null, done), false)
    })

    await t.test('add lost targets again if that was interrupted', async () => {
      const { id } = await stored(sweeps, 'lost', manyTargets(1))
      const lost = manyTargets(PART + 3).map((one) => ({
        target: one,
        row: skippedRow('It is gone.', '2026-11-29T03:00:00.000Z', null),
      }))
      await sweeps.addLost(id, lost.slice(0, PART))
      await sweeps.clearLost(id)
      await sweeps.addLost(id, lost.slice(0, PART))
      await sweeps.addLost(id, lost.slice(PART))
      assert.equal((await sweeps.get(id))?.counts.lost, PART + 3)
      assert.deepEqual(await sweeps.lost(id, PART - 1, 10), lost.slice(PART - 1))
    })

    await t.test('keep the last three of a name', async () => {
      const ids: string[] = []
      for (let count = 0; count < 5; count += 1) {
        const { id } = await stored(sweeps, 'kept', manyTargets(1), 'keeper')
        await sweeps.end(id, 'finished', new Date().toISOString(), null)
        ids.unshift(id)
      }
      assert.deepEqual(
        (await sweeps.list('keeper')).map(({ record }) => record.id),
        ids.slice(0, 3),
      )
      assert.deepEqual(await sweeps.targets(ids[4] ?? '', 0, 1), [])
    })

    await t.test('say why they wait, until they end', async () => {
      const { id } = await stored(sweeps, 'says', manyTargets(3))
      await sweeps.say(id, 'Testing is off.')
      await sweeps.dispatched(id, 2)
      const now = await sweeps.get(id)
      assert.deepEqual([now?.says, now?.dispatched, now?.status], ['Testing is off.', 2, 'running'])
      await sweeps.say(id, null)
      assert.equal((await sweeps.get(id))?.says, null)
    })
  })
}

const COUNTS = {
  ...{ running: 0, tested: 0, skipped: 0, open: 0, closed: 0, inconclusive: 0 },
  ...{ opened: 0, closedAgain: 0, isNew: 0, lost: 0, stillOpen: 0 },
}

const sweepWith = (name: string, targets: number, status: StoredSweep['status']): StoredSweep => ({
  record: {
    ...{ id: randomUUID(), name, callerId: 'a', scheduled: false, customers: null, suite: 'standard' },
    ...{ proof: 'message', spread: null, createdAt: '2026-11-29T03:00:00.000Z', targets, against: null },
  },
  status,
  finishedAt: null,
  says: null,
  dispatched: 0,
  counts: COUNTS,
})

const ids = (sweeps: readonly StoredSweep[]) => sweeps.map(({ record }) => record.id)

test('a sweep that runs, and the one that it is compared with, are never dropped', () => {
  const base = sweepWith('big', 900, 'finished')
  const stopped = Array.from({ length: 5 }, () => sweepWith('big', 900, 'stopped'))
  const now = sweepWith('big', 900, 'running')
  const running = { ...now, record: { ...now.record, against: base.record.id } }
  const dropped = surplusOf([running, ...stopped, base], 1)
  assert.deepEqual(dropped, stopped)
})

test('the last finished sweep of each name is kept before all others', () => {
  const weeks = [1, 2, 3].flatMap(() => ['a', 'b'].map((name) => sweepWith(name, 100, 'finished')))
  assert.deepEqual(new Set(surplusOf(weeks, 200)), new Set(weeks.slice(2)))
  assert.deepEqual(surplusOf(weeks, 100), [...weeks.slice(1, 2), ...weeks.slice(2)])
  const stopped = [sweepWith('a', 1, 'stopped'), sweepWith('a', 1, 'stopped'), sweepWith('a', 1, 'stopped')]
  assert.deepEqual(surplusOf([...stopped, ...weeks.slice(0, 1)], 1_000), stopped.slice(2))
})

test('a caller keeps three sweeps of a name, and a thousand of all names', () => {
  const same = Array.from({ length: 5 }, () => sweepWith('a', 1, 'finished'))
  assert.deepEqual(surplusOf(same, 1_000), same.slice(3))
  const names = Array.from({ length: 1_002 }, (_, index) => sweepWith(`name-${index}`, 1, 'finished'))
  assert.deepEqual(ids(surplusOf(names, 10_000)), ids(names.slice(1_000)))
})

test('a row that replaces another counts what it changes', () => {
  const running = runningRow(randomUUID())
  const before: SweepRow = testedRow(resultWith({ verdict: 'open', finishedAt: '2026-11-22T03:00:00.000Z' }), undefined)
  const now = testedRow(resultWith({ verdict: 'open', finishedAt: '2026-11-29T03:00:00.000Z' }), before)
  assert.deepEqual(new Map(difference(null, running)), new Map([['running', 1]]))
  assert.deepEqual(
    new Map(difference(running, now)),
    new Map([
      ['running', -1],
      ['tested', 1],
      ['open', 1],
      ['stillOpen', 1],
    ]),
  )
  assert.deepEqual(difference(now, now), [])
})
