import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../test/harness/waiting.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { memoryOf, startHelper } from './harness/processes.ts'
import { postRelayTest, RUNS } from './harness/rate.ts'
import { median, quantile, table } from './harness/report.ts'
import { metricOf, type Served, serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const TESTS = [125, 250, 500, 1000]
/** Long enough for the last test to begin before the first one ends, and no longer. */
const DEADLINE_MS = 30_000
const LOOKING_MS = 5_000

const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: relay-tests\r\n\r\n'

interface Waited {
  readonly mib: number
  readonly kibEach: number
  readonly loopMs: number
  readonly livezMs: number
}

/** So many tests at once, looked at from their first moment on. */
async function wait(service: Served, clients: Clients, request: string, tests: number): Promise<Waited> {
  const before = memoryOf(service.process).now
  // What is told of the event loop is told since it was asked last.
  await metricOf(service, 'nodejs_eventloop_lag_p99_seconds')
  const waiting = clients.tests.tell({ port: service.port, request, connections: tests, ms: 0 })
  const { times } = await clients.livez.tell({ port: service.port, request: LIVEZ, connections: 4, ms: LOOKING_MS })
  const loopMs = (await metricOf(service, 'nodejs_eventloop_lag_p99_seconds')) * 1000
  await until('all to wait', async () => (await metricOf(service, 'relay_tests_in_flight')) === tests)
  const { now } = memoryOf(service.process)
  await waiting
  await until('the end of all', async () => (await metricOf(service, 'relay_tests_in_flight')) === 0)
  await sleep(1_000)
  return { mib: now, kibEach: ((now - before) * 1024) / tests, loopMs, livezMs: quantile(times, 0.99) }
}

interface Clients {
  readonly tests: ReturnType<typeof startHelper<Load, Loaded>>
  readonly livez: ReturnType<typeof startHelper<Load, Loaded>>
}

async function measure(bench: Bench): Promise<string> {
  const port = await startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind: 'tarpit' })
  const clients = {
    tests: startHelper<Load, Loaded>(bench, 'client.ts'),
    livez: startHelper<Load, Loaded>(bench, 'client.ts'),
  }
  const request = postRelayTest({ ip: '{ip}', port })
  const rows: (string | number)[][] = []
  for (const tests of TESTS) {
    const runs: Waited[] = []
    for (let run = 0; run < RUNS; run += 1) {
      // Each time a new process: one that has had a thousand tests keeps the memory for the next thousand.
      runs.push(
        await during(async (once) => {
          const env = { ALLOWED_PORTS: `${port}`, TEST_DEADLINE_MS: `${DEADLINE_MS}` }
          return wait(await serve(once, env), clients, request, tests)
        }),
      )
    }
    const of = (which: keyof Waited) => median(runs.map((one) => one[which]))
    rows.push([`${tests}`, of('mib'), of('kibEach'), of('loopMs'), of('livezMs')])
  }
  const head = ['tests that wait', 'RSS, MiB (aim 256)', 'KiB a test', 'event loop p99, ms (aim 50)']
  return table([...head, 'livez p99, ms (aim 100)'], rows)
}

/** Waiting is free: so many tests at once against servers that say nothing after their greeting. */
export const run = (): Promise<string> => during(measure)
