/** Measures the cost of tests that wait: many at once, against servers that say nothing after the greeting. */
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
/** Just long enough for the last test to begin before the first one ends. */
const DEADLINE_MS = 30_000
const LOOKING_MS = 5_000

const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: relay-tests\r\n\r\n'

interface Waited {
  readonly mib: number
  readonly kibEach: number
  readonly loopMs: number
  readonly livezMs: number
}

/** Starts `tests` tests at once, and measures the service from the first moment on. */
async function wait(service: Served, clients: Clients, request: string, tests: number): Promise<Waited> {
  const before = memoryOf(service.process).now
  // This metric covers the time since it was read last, so reading it starts the measurement.
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
      // Each run has a new process, because an old one keeps the memory of its last thousand tests.
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

export const run = (): Promise<string> => during(measure)
