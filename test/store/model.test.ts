/**
 * Leases, idempotency keys, quotas and results against a simple model: several replicas, in any order of requests,
 * ends, kills and losses. A sequence that fails is shrunk to the commands that matter.
 */
import { type TestContext, test } from 'node:test'
import { Redis } from 'ioredis'
import { BEAT } from '../../src/store/redis/ledger-scripts.ts'
import { redisStores } from '../../src/store/redis/stores.ts'
import { memoryStores } from '../../src/store/stores.ts'
import fc from '../harness/fast-check.ts'
import { cases } from '../harness/mass.ts'
import { startRedis, type TestRedis, withRedis } from '../harness/redis.ts'
import { readSetup } from '../harness/relay-tests.ts'
import type { Ending } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'
import { commandsOf } from './model/commands.ts'
import { Model } from './model/model.ts'
import { ENVIRONMENT, type Kept, type Shared, type Stored, System } from './model/system.ts'

const TTL_MS = 3_600_000
const LEASE_MS = 60_000
const SEQUENCES = { memory: cases(50), flushed: cases(50), restarted: cases(1) }
/** How many sequences run at once: they mostly wait. Those in Redis have a database each, of 16. */
const LANES = 15

/** How often each kind of command ran. */
type Tally = Record<string, number>

/** Runs random sequences, each on new stores. */
async function check(
  t: TestContext,
  stores: 'memory' | 'Redis',
  runs: number,
  open: (once: Ending) => Promise<Shared>,
): Promise<Tally> {
  const setup = await readSetup(t, { env: ENVIRONMENT })
  const tally: Tally = {}
  const property = fc.asyncProperty(commandsOf(stores), async (commands) => {
    const endings: (() => unknown)[] = []
    const once: Ending = { after: (work) => void endings.push(work) }
    const begin = async () => {
      const model = new Model()
      const real = await System.start(once, setup, await open(once), (ip) => model.dialled(ip))
      once.after(() => real.close())
      return { model, real }
    }
    try {
      await fc.asyncModelRun(begin, commands)
    } finally {
      for (const work of endings.reverse()) await work()
    }
    for (const command of commands) {
      const [kind = ''] = command.toString().split(' ')
      tally[kind] = (tally[kind] ?? 0) + 1
    }
  })
  await fc.assert(property, { numRuns: runs, includeErrorInReport: true })
  return tally
}

/** Divides sequences among lanes, and reports how often each kind of command ran. */
async function inLanes(
  t: TestContext,
  runs: number,
  run: (lane: number, runs: number) => Promise<Tally>,
): Promise<void> {
  const shares = Array.from({ length: LANES }, (_, lane) => Math.floor((runs + lane) / LANES))
  // All lanes end before the Redis does.
  const settled = await Promise.allSettled(shares.map((share, lane) => run(lane, share)))
  const tallies = settled.map((lane) => {
    if (lane.status === 'rejected') throw lane.reason
    return lane.value
  })
  const kinds = new Set(tallies.flatMap((tally) => Object.keys(tally)))
  const sum = (kind: string) => tallies.reduce((total, tally) => total + (tally[kind] ?? 0), 0)
  t.diagnostic([...kinds].map((kind) => `${kind} ${sum(kind)}`).join(', '))
}

/** Deletes what a lease would have deleted by its end: leases of dead replicas, and the wait after a loss. */
const PASS = `
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if member == 'wait' or string.find(member, ':lease:', 1, true) then redis.call('ZREM', KEYS[1], member) end
end
for _, key in ipairs(redis.call('KEYS', 'relay-tests:lease:*')) do redis.call('DEL', key) end`

/** Opens one database of a Redis, empty, as if the wait after its start were over. */
async function database(
  redis: TestRedis,
  number: number,
  once: Ending,
  lose: (ask: Redis) => Promise<unknown>,
): Promise<Shared> {
  const url = `${redis.url}/${number}`
  const ask = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  ask.on('error', () => {})
  once.after(() => ask.disconnect())
  await ask.flushdb()
  await ask.eval(BEAT, 2, 'relay-tests:ledger', 'relay-tests:heartbeat', 0, '')
  const keys = async () => (await ask.keys('relay-tests:*')).sort()
  const read = async (key: string): Promise<Stored> => {
    const [, kind = '', name = ''] = /^relay-tests:([^:]+):?(.*)$/.exec(key) ?? []
    const isOwned = ['lease', 'claim'].includes(kind)
    return { kind, name, testId: isOwned ? (((await ask.get(key)) ?? '').split(' ')[0] ?? '') : name }
  }
  const kept = async (): Promise<Kept> => {
    const all = await Promise.all((await keys()).map(read))
    const of = (kind: string) => new Set(all.filter((one) => one.kind === kind).map(({ testId }) => testId))
    return { results: of('result'), claims: of('claim') }
  }
  return {
    async open() {
      const stores = redisStores(url, { resultTtlMs: TTL_MS, leaseMs: LEASE_MS }, { info() {}, error() {} })
      await until('a connection', async () => (await stores.server?.look())?.isUp)
      return stores
    },
    lose: async () => void (await lose(ask)),
    keys,
    read,
    kept,
    evict: async (key) => void (await ask.del(key)),
    pass: async () => void (await ask.eval(PASS, 1, 'relay-tests:ledger')),
  }
}

test(`the model holds in ${SEQUENCES.memory} sequences with stores in memory`, async (t) => {
  const open = async () => {
    const nothing = async () => {}
    let stores = memoryStores(TTL_MS)
    const lose = async () => {
      stores = memoryStores(TTL_MS)
    }
    const read = async () => ({ kind: '', name: '', testId: '' })
    const kept = async () => ({ results: new Set<string>(), claims: new Set<string>() })
    return { open: async () => stores, lose, keys: async () => [], read, kept, evict: nothing, pass: nothing }
  }
  await inLanes(t, SEQUENCES.memory, (_lane, runs) => check(t, 'memory', runs, open))
})

test(`the model holds in ${SEQUENCES.flushed} sequences with a Redis that loses all or some`, withRedis, async (t) => {
  const redis = await startRedis(t)
  await inLanes(t, SEQUENCES.flushed, (lane, runs) =>
    check(t, 'Redis', runs, (once) => database(redis, lane, once, (ask) => ask.flushdb())),
  )
})

test(
  `the model holds in ${SEQUENCES.restarted} sequences with a Redis that starts again empty`,
  withRedis,
  async (t) => {
    const redis = await startRedis(t)
    const restart = async () => {
      await redis.kill()
      await redis.startEmpty()
    }
    await check(t, 'Redis', SEQUENCES.restarted, (once) => database(redis, 0, once, restart))
  },
)
