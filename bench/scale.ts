import { startRedis } from '../test/harness/redis.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { cpuSecondsOf, type Helper, startHelper } from './harness/processes.ts'
import { postRelayTest, RUNS } from './harness/rate.ts'
import { median, table } from './harness/report.ts'
import { type Served, serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const RUN_MS = 2_000
/** Node.js compiles what it runs often, and takes a while to see what that is. */
const WARM_UP_MS = 20_000
/** Over all replicas. */
const CONNECTIONS = 64

/** How many replicas, and whether they share a Redis. */
const INSTALLATIONS: readonly (readonly [replicas: number, redis: boolean])[] = [
  [1, false],
  [1, true],
  [2, true],
  [4, true],
]

/** What they are asked for: tests of ever other addresses, and one that is refused. */
const KINDS = [
  { what: 'tests', status: '201', members: (port: number) => ({ ip: '{ip}', port }) },
  { what: 'refusals (403)', status: '403', members: (port: number) => ({ ip: '93.184.216.34', port }) },
] as const

interface Outcome {
  readonly rate: number
  /** How many were refused since Redis did not answer in time. */
  readonly unavailable: number
  /** Processor time for each answer, in milliseconds: of all replicas, and of Redis. */
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
      // No two clients may ask for the same address.
      const order = { port, request, connections, ms, from: index * 250_000 }
      return clients[index]?.tell(order) ?? Promise.reject(new Error('no client'))
    }),
  )
  const answers = results.reduce((sum, { answers: { [status]: count = 0 } }) => sum + count, 0)
  // A replica that gets no answer from Redis in time refuses: on a machine with too few cores that happens.
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

/** Scale: what one, two and four replicas do together on this machine. */
export const run = (): Promise<string> => during(measure)
