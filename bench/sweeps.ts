/**
 * Measures sweeps by two replicas on one Redis: how fast they are, what they cost, and that every server is tested
 * once. The servers of 500 customers within a minute, and 1,000, 10,000 and 100,000 servers as fast as possible.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { z } from 'zod'
import { hashKey } from '../src/access/keys.ts'
import { sweep } from '../src/contract/sweeps.ts'
import { timeOf } from '../src/sweeps/due.ts'
import { writeYaml } from '../test/harness/files.ts'
import { bearer, keyOf } from '../test/harness/http.ts'
import { startRedis } from '../test/harness/redis.ts'
import { until } from '../test/harness/waiting.ts'
import { type Bench, during } from './harness/bench.ts'
import { cpuSecondsOf, memoryOf, startHelper } from './harness/processes.ts'
import { table } from './harness/report.ts'
import { type Served, serve, WIDE } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

/** How many servers, and the time within which their tests begin. Those with a spread are in the customers file. */
const SWEEPS: readonly (readonly [size: number, spread: '1m' | null])[] = [
  [500, '1m'],
  [1_000, null],
  [10_000, null],
  [100_000, null],
]
const KEY = keyOf('w')
const CALLERS = `callers: [{ id: security, keys: [{ sha256: ${hashKey(KEY)} }], customers: all, sweeps: true }]\n`
const LOOK_MS = 1_000
const MIB = 1024 * 1024
const intent = z.object({ ip: z.string(), time: z.string() })

/** Returns the address of a target. Neighbours in the list are in different networks. */
const ipOf = (index: number): string => `127.${(index >> 8) & 255}.${index & 255}.${1 + (index >> 16)}`

/** Returns a customers file: one customer with all loopback addresses, or one customer for each server. */
function customersOf(size: number, port: number, spread: string | null): string {
  if (spread === null) return WIDE
  const entries = Array.from({ length: size }, (_, index) => {
    const ip = ipOf(index)
    const network = ip.replace(/\d+$/, '0/24')
    const domain = `c${index}.example.com`
    return `  - { id: c${index}, name: C, networks: [${network}], domains: [${domain}], servers: [{ ip: ${ip}, port: ${port} }] }\n`
  })
  return `customers:\n${entries.join('')}`
}

interface Dialled {
  readonly once: number
  readonly twice: number
  /** When the tests began, in milliseconds of Date.now(), the earliest first. */
  readonly begins: readonly number[]
}

/** Returns how many addresses the audit logs of the replicas name, how many of them more than once, and when. */
async function dialledBy(replicas: readonly Served[]): Promise<Dialled> {
  const times = new Map<string, number>()
  const begins: number[] = []
  for (const { folder } of replicas) {
    for await (const line of createInterface({ input: createReadStream(join(folder, 'service.log')) })) {
      if (!line.includes('"audit":"intent"')) continue
      const { ip, time } = intent.parse(JSON.parse(line))
      times.set(ip, (times.get(ip) ?? 0) + 1)
      begins.push(Date.parse(time))
    }
  }
  const twice = [...times.values()].filter((count) => count > 1).length
  return { once: times.size, twice, begins: begins.sort((a, b) => a - b) }
}

/** Returns how late the latest test began, in seconds. */
function latestOf(begins: readonly number[], createdAt: string, spread: string): number {
  const plan = { createdAt, spread, targets: begins.length }
  return Math.max(...begins.map((at, index) => at - timeOf(plan, index))) / 1000
}

/** Runs one sweep, and returns its row of the table. */
async function sweepOf(size: number, spread: '1m' | null, bench: Bench, port: number): Promise<(string | number)[]> {
  const redis = await startRedis(bench)
  const env = { ALLOWED_PORTS: `${port}`, REDIS_URL: redis.url, MAX_CONCURRENT_TESTS: '200', QUOTA_SWEEPS: '1000/1d' }
  const files = { customers: customersOf(size, port, spread) }
  const replicas = [await serve(bench, env, files), await serve(bench, env, files)]
  const [first = replicas[0]] = replicas
  if (!first) throw new Error('no replica')
  for (const { folder } of replicas) writeYaml(join(folder, 'callers.yaml'), CALLERS)
  const ask = async (path: string, init: RequestInit = {}) =>
    fetch(`${first.url}${path}`, { ...init, headers: { ...bearer(KEY), 'content-type': 'application/json' } })
  await until('the caller', async () => (await ask('/sweeps')).ok)
  await sleep(2 * LOOK_MS)
  const probe = new Redis(redis.url)
  bench.after(() => probe.disconnect())
  const usedBytes = async () => z.coerce.number().parse(/^used_memory:(\d+)/m.exec(await probe.info('memory'))?.[1])
  const cpu = () => replicas.reduce((sum, { process }) => sum + cpuSecondsOf(process), 0)
  const [cpuBefore, redisBefore, bytesBefore] = [cpu(), cpuSecondsOf(redis), await usedBytes()]
  const targets = Array.from({ length: size }, (_, index) => ({ ip: ipOf(index), port }))
  const what = spread === null ? { targets } : { customers: 'all', spread }
  const startedAt = performance.now()
  const begun = await ask('/sweeps', {
    method: 'POST',
    body: JSON.stringify({ name: 'bench', proof: 'recipient', ...what }),
  })
  const acceptedMs = performance.now() - startedAt
  const { id, createdAt } = sweep.parse(await begun.json())
  for (;;) {
    const now = sweep.parse(await (await ask(`/sweeps/${id}`)).json())
    if (now.status !== 'running') {
      if (now.verdicts.closed !== size) throw new Error(`not all are closed: ${JSON.stringify(now)}`)
      break
    }
    await sleep(LOOK_MS)
  }
  const seconds = (performance.now() - startedAt) / 1000
  const { once, twice, begins } = await dialledBy(replicas)
  const most = Math.max(...replicas.map(({ process }) => memoryOf(process).most))
  const sweepBytes = await bytesOf(probe, id)
  return [
    spread === null ? size.toLocaleString('en') : `${size} customers, spread ${spread}`,
    seconds,
    size / seconds,
    acceptedMs,
    ((cpu() - cpuBefore) * 1000) / size,
    ((cpuSecondsOf(redis) - redisBefore) * 1000) / size,
    most,
    ((await usedBytes()) - bytesBefore) / MIB,
    sweepBytes / MIB,
    `${size - once}`,
    `${twice}`,
    spread === null ? '–' : latestOf(begins, createdAt, spread),
  ]
}

/** Returns the memory of the keys that keep a sweep itself: its state, its targets and its rows. */
async function bytesOf(redis: Redis, id: string): Promise<number> {
  const sizes = ['sweep', 'sweep-targets', 'sweep-rows'].map((name) =>
    redis.call('MEMORY', 'USAGE', `relay-tests:${name}:${id}`, 'SAMPLES', '1000'),
  )
  return (await Promise.all(sizes)).reduce((sum: number, size) => sum + Number(size), 0)
}

async function measure(bench: Bench): Promise<string> {
  const port = await startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind: 'closed' })
  const rows: (string | number)[][] = []
  for (const [size, spread] of SWEEPS) rows.push(await during((once) => sweepOf(size, spread, once, port)))
  const head = ['servers', 'seconds', 'servers/s', 'accepted in, ms', 'replicas: CPU, ms a server']
  const costs = ['Redis: CPU, ms a server', 'a replica: memory at most, MiB', 'Redis: memory, MiB']
  return table([...head, ...costs, 'of it the sweep, MiB', 'not tested', 'tested twice', 'latest begin, s'], rows)
}

export const run = (): Promise<string> => during(measure)
