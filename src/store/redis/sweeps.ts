/** Sweeps in Redis: a hash with the state of each sweep, its targets in parts, and a hash with its rows. */
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { SWEEP_STATUSES } from '../../contract/words.ts'
import {
  difference,
  entriesIn,
  lostTarget,
  partsOf,
  rowText,
  type StoredSweep,
  SWEEP_MS,
  type Sweeps,
  storedTarget,
  surplusOf,
  sweepRecord,
  sweepRow,
  targetKeyOf,
} from '../sweeps.ts'
import { replyTo } from './connection.ts'
import { readJson } from './json.ts'
import { BEGIN_SWEEP, END_SWEEP, SAY_OF_SWEEP, SWAP_ROW } from './sweep-scripts.ts'

const keyOf = (id: string) => `sweep:${id}`
const targetsOf = (id: string) => `sweep-targets:${id}`
const rowsOf = (id: string) => `sweep-rows:${id}`
const runningOf = (id: string) => `sweep-running:${id}`
const lostOf = (id: string) => `sweep-lost:${id}`
const indexOf = (callerId: string) => `sweeps-of:${callerId}`
/** The running sweep of a caller and a name. The id of a caller has no space, so the key is unique. */
const lockOf = (callerId: string, name: string) => `sweep-of:${callerId} ${name}`

/** How long the stored targets of a sweep are kept if the sweep does not start, in milliseconds. */
const STORING_MS = 3_600_000
/** How many targets the sweeps of one caller may have together. */
const CAPACITY = 2_500_000

const whole = z.coerce.number().int().catch(0)
const state = z.object({
  record: z.string(),
  status: z.enum(SWEEP_STATUSES),
  finishedAt: z.string().optional(),
  says: z.string().optional(),
  dispatched: whole,
  gone: whole,
})
const countsIn = z.object({
  running: whole,
  tested: whole,
  skipped: whole,
  open: whole,
  closed: whole,
  inconclusive: whole,
  opened: whole,
  closedAgain: whole,
  isNew: whole,
  lost: whole,
  stillOpen: whole,
})

/** Reads a sweep from its hash. Null if it is gone, or does not fit this version. */
function sweepIn(fields: Record<string, string>): StoredSweep | null {
  const found = state.safeParse(fields).data
  const record = found ? readJson(sweepRecord, found.record) : null
  if (!found || !record) return null
  const counts = countsIn.parse(fields)
  return {
    record,
    status: found.status,
    finishedAt: found.finishedAt || null,
    says: found.says || null,
    dispatched: found.dispatched,
    counts: { ...counts, lost: counts.lost + found.gone },
  }
}

/** Returns the sweeps of all replicas. */
export function redisSweeps(redis: Redis): Sweeps {
  const get = async (id: string) => sweepIn(await replyTo(redis.hgetall(keyOf(id))))
  const list = async (callerId: string): Promise<StoredSweep[]> => {
    const ids = await replyTo(redis.zrevrange(indexOf(callerId), 0, -1))
    return (await Promise.all(ids.map(get))).filter((sweep) => sweep !== null)
  }
  const push = async (key: string, part: readonly object[], ttlMs: number) => {
    await replyTo(redis.rpush(key, JSON.stringify(part)))
    await replyTo(redis.pexpire(key, ttlMs))
  }
  const read = async <T>(key: string, schema: z.ZodType<T>, from: number, count: number): Promise<T[]> => {
    const parts = await replyTo(redis.lrange(key, ...partsOf(from, count)))
    return entriesIn(schema, parts, from, count)
  }
  const drop = async ({ record: { id, callerId } }: StoredSweep) => {
    await replyTo(redis.zrem(indexOf(callerId), id))
    await replyTo(redis.unlink(keyOf(id), targetsOf(id), rowsOf(id), runningOf(id), lostOf(id)))
  }
  return {
    addTargets: (id, part) => push(targetsOf(id), part, STORING_MS),
    async begin(asked) {
      const { id, callerId, name, createdAt } = asked
      const earlier = await list(callerId)
      const against =
        earlier.find(({ record, status }) => record.name === name && status === 'finished')?.record.id ?? null
      const keys = [lockOf(callerId, name), keyOf(id), indexOf(callerId), targetsOf(id)]
      const record = JSON.stringify({ ...asked, against })
      const busy = await replyTo(
        redis.eval(BEGIN_SWEEP, keys.length, ...keys, id, record, SWEEP_MS, Date.parse(createdAt)),
      )
      if (typeof busy === 'string') {
        await replyTo(redis.unlink(targetsOf(id)))
        return { busy }
      }
      for (const sweep of surplusOf(await list(callerId), CAPACITY)) await drop(sweep)
      return { against }
    },
    get,
    list,
    targets: (id, from, count) => read(targetsOf(id), storedTarget, from, count),
    async rows(id, targets) {
      if (targets.length === 0) return []
      const texts = await replyTo(redis.hmget(rowsOf(id), ...targets.map(targetKeyOf)))
      return texts.map((text) => (text === null ? null : readJson(sweepRow, text)))
    },
    async swap(id, target, before, after) {
      const place = targetKeyOf(target)
      const runs = after.state === 'running' ? (after.testId ?? '') : ''
      const expected = before === null ? '' : rowText(before)
      const values = [place, expected, rowText(after), runs, SWEEP_MS]
      const counted = difference(before, after).flat()
      const keys = [keyOf(id), rowsOf(id), runningOf(id)]
      return (await replyTo(redis.eval(SWAP_ROW, keys.length, ...keys, ...values, ...counted))) === 1
    },
    running: async (id) => replyTo(redis.hvals(runningOf(id))),
    async dispatched(id, count) {
      await replyTo(redis.hset(keyOf(id), 'dispatched', count))
    },
    async say(id, says) {
      await replyTo(redis.eval(SAY_OF_SWEEP, 1, keyOf(id), says ?? ''))
    },
    async clearLost(id) {
      await replyTo(redis.unlink(lostOf(id)))
      await replyTo(redis.hset(keyOf(id), 'gone', 0))
    },
    async addLost(id, part) {
      await push(lostOf(id), part, SWEEP_MS)
      await replyTo(redis.hincrby(keyOf(id), 'gone', part.length))
    },
    lost: (id, from, count) => read(lostOf(id), lostTarget, from, count),
    async end(id, status, at, says) {
      const sweep = await get(id)
      if (!sweep) return false
      const { callerId, name } = sweep.record
      const keys = [keyOf(id), lockOf(callerId, name)]
      return (await replyTo(redis.eval(END_SWEEP, keys.length, ...keys, id, status, at, says ?? ''))) === 1
    },
  }
}
