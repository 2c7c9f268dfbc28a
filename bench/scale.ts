/** Measures what one, two and four replicas do together on this machine, with and without Redis. */
import { startRedis } from '../test/harness/redis.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { cpuSecondsOf, type Helper, startHelper } from './harness/processes.ts'
import { postRelayTest, RUNS } from './harness/rate.ts'
import { median, table } from './harness/report.ts'
import { type Served, serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const RUN_MS = 2_000
/** Node.js compiles code that runs often, so it gets faster at first. */
const WARM_UP_MS = 20_000
/** The connections to all replicas together. */
const CONNECTIONS = 64

/** The number of replicas, and whether they share a Redis. */
const INSTALLATIONS: readonly (readonly [replicas: number, redis: boolean])[] = [
  [1, false],
  [1, true],
  [2, true],
  [4, true],
]

/** The kinds of requests: tests, each of another address, and requests that are refused. */
const KINDS = [
  { what: 'tests', status: '201', members: (port: number) => ({ ip: '{ip}', port }) },
  { what: 'refusals (403)', status: '403', members: (port: number) => ({ ip: '93.184.216.34', port }) },
] as const

interface Outcome {
  readonly rate: number
  /** How many requests got 503 because Redis did not answer in time. */
  readonly unavailable: number
  /** CPU time for each answer, in milliseconds: of all replicas together, and of Redis. */
  readonly cpuMs: number
  readonly redisMs: number
}

async function load(
  clients: readonly Helper<Load, Loaded>[],
  replicas: readonly Served[],
  redis: { readonly pid: number | undefined } | null,
  { status, request }: { status: string; request: string },
  ms = RUN_MS,
): Promise<Outcome> {
  const used = () => replicas.reduce((sum, { process }) => sum + cpuSecondsOf(process), 0)
  const redisUsed = () => (redis ? cpuSecondsOf(redis) : 0)
  const [before, redisBefore] = [used(), redisUsed()]
  const connections = CONNECTIONS / replicas.length
  const results = await Promise.all(
    replicas.map(({ port }, index) => {
      // Two clients must not use the same address.
      const order = { port, request, connections, ms, from: index * 250_000 }
      return clients[index]?.tell(order) ?? Promise.reject(new Error('no client'))
    }),
  )
  const answers = results.reduce((sum, { answers: { [status]: count = 0 } }) => sum + count, 0)
  // A replica refuses if Redis does not answer in time. That happens on a machine with too few cores.
  const statuses = results.flatMap(({ answers: by }) => Object.keys(by))
  if (statuses.some((one) => one !== status && one !== '503')) throw new Error(`not only ${status}: ${statuses}`)
  const unavailable = results.reduce((sum, { answers: { '503': count = 0 } }) => sum + count, 0)
  const seconds = Math.max(...results.map((one) => one.seconds))
  return {
    rate: answers / seconds,
    unavailable,
    cpuMs: ((used() - before) * 1000) / answers,
    redisMs: ((redisUsed() - redisBefore) * 1000) / answers,
  }
}

async function measure(bench: Bench): Promise<string> {
  const sinkPort = await startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind: 'closed' })
  const clients = Array.from({ length: 4 }, () => startHelper<Load, Loaded>(bench, 'client.ts'))
  const rows: (string | number)[][] = []
  for (const [count, shared] of INSTALLATIONS) {
    await during(async (once) => {
      const redis = shared ? await startRedis(once) : null
      const env = { ALLOWED_PORTS: `${sinkPort}`, ...(redis ? { REDIS_URL: redis.url } : {}) }
      const replicas: Served[] = []
      for (let index = 0; index < count; index += 1) replicas.push(await serve(once, env))
      for (const { what, status, members } of KINDS) {
        const asked = { status, request: postRelayTest(members(sinkPort)) }
        await load(clients, replicas, redis, asked, WARM_UP_MS)
        const runs: Outcome[] = []
        for (let run = 0; run < RUNS; run += 1) runs.push(await load(clients, replicas, redis, asked))
        const of = (which: keyof Outcome) => median(runs.map((one) => one[which]))
        const where = shared ? 'Redis' : 'memory'
        rows.push([
          `${count}`,
          where,
          what,
          of('rate'),
          of('cpuMs'),
          shared ? of('redisMs') : '–',
          `${of('unavailable')}`,
        ])
      }
    })
  }
  const head = ['replicas', 'state in', 'of', 'answers/s by the clock']
  return table([...head, 'replicas: CPU, ms an answer', 'Redis: CPU, ms an answer', '503s in 2 s'], rows)
}

export const run = (): Promise<string> => during(measure)
