/**
 * Runs every known attack on one service at once, and compares what callers notice with a quiet time (`npm run
 * prove:siege`). Exits with 1 if a test takes more than twice its time, or if livez is slow. `--each` also runs each
 * attack alone, to see what it costs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { relayTest } from '../src/contract/relay-test.ts'
import { deadPort } from '../test/harness/mail-scripts.ts'
import { KEYS } from '../test/harness/service.ts'
import { until } from '../test/harness/waiting.ts'
import type { AttackOrder } from './harness/attacker.ts'
import { attacksOn, type Besieged } from './harness/attacks.ts'
import { type Bench, during } from './harness/bench.ts'
import type { Load, Loaded } from './harness/client.ts'
import { cpuSecondsOf, type Helper, memoryOf, startHelper } from './harness/processes.ts'
import { postRelayTest } from './harness/rate.ts'
import { quantile, table } from './harness/report.ts'
import { metricOf, type Served, serve } from './harness/served.ts'
import type { SinkOrder } from './harness/sink.ts'

const WARM_UP_MS = 15_000
const LOOKING_MS = 20_000
const EACH_MS = 8_000
const TESTS_AT_ONCE = 4
const LIVEZ = 'GET /livez HTTP/1.1\r\nHost: relay-tests\r\n\r\n'
/** The promises. */
const MOST_TIMES_SLOWER = 2
const MOST_LIVEZ_MS = 100

interface Seen {
  readonly testMs: number
  readonly testP95Ms: number
  readonly livezP99Ms: number
  readonly loopP99Ms: number
  /** Processor time of the service, in seconds for each second. */
  readonly busy: number
  readonly mib: number
  readonly failed: number
}

interface Watch {
  readonly service: Served
  readonly request: string
  readonly tests: Helper<Load, Loaded>
  readonly livez: Helper<Load, Loaded>
}

/** Lets callers test servers for some time, and returns what they and livez saw. */
async function look({ service, request, tests, livez }: Watch, ms: number): Promise<Seen> {
  await metricOf(service, 'nodejs_eventloop_lag_p99_seconds')
  const before = cpuSecondsOf(service.process)
  const [tested, alive] = await Promise.all([
    tests.tell({ port: service.port, request, connections: TESTS_AT_ONCE, ms }),
    livez.tell({ port: service.port, request: LIVEZ, connections: 1, ms }),
  ])
  const { '201': done = 0, '200': replayed = 0, ...others } = tested.answers
  return {
    testMs: quantile(tested.times, 0.5),
    testP95Ms: quantile(tested.times, 0.95),
    livezP99Ms: quantile(alive.times, 0.99),
    loopP99Ms: (await metricOf(service, 'nodejs_eventloop_lag_p99_seconds')) * 1_000,
    busy: (cpuSecondsOf(service.process) - before) / tested.seconds,
    mib: memoryOf(service.process).now,
    failed: done + replayed === 0 ? Number.NaN : Object.values(others).reduce((sum, count) => sum + count, 0),
  }
}

/** Tests an open server, and returns the address that its message went to: what an attacker may know. */
async function tokenFrom(service: Served, port: number): Promise<string> {
  const response = await fetch(`${service.url}/relay-tests`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEYS.desk}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ip: '127.50.0.1', port, domain: 'example.com' }),
  })
  const { attempts } = relayTest.parse(await response.json())
  const token = attempts.find(({ form }) => form === 'outside-sender')?.rcptTo
  if (!token) throw new Error('the open server got no message')
  return token
}

const HEAD = ['', 'test, median ms', 'test, p95 ms', 'livez p99, ms', 'event loop p99, ms', 'cores used', 'RSS, MiB']
const rowOf = (name: string, { testMs, testP95Ms, livezP99Ms, loopP99Ms, busy, mib, failed }: Seen) => [
  name,
  testMs,
  testP95Ms,
  livezP99Ms,
  loopP99Ms,
  busy,
  mib,
  `${failed}`,
]

async function siege(bench: Bench): Promise<boolean> {
  const sink = (kind: SinkOrder['kind']) => startHelper<SinkOrder, number>(bench, 'sink.ts').tell({ kind })
  const [distant, open, faulty] = await Promise.all([sink('distant'), sink('open'), sink('faulty')])
  const mailbox = await deadPort()
  const service = await serve(bench, {
    ALLOWED_PORTS: [distant, open, faulty].join(','),
    MAILBOX_LISTEN: `127.0.0.1:${mailbox}`,
    DELIVERY_WAIT_MS: '300',
  })
  const watch: Watch = {
    service,
    request: postRelayTest({ ip: '{ip}', port: distant }),
    tests: startHelper<Load, Loaded>(bench, 'client.ts'),
    livez: startHelper<Load, Loaded>(bench, 'client.ts'),
  }
  const besieged: Besieged = { http: service.port, mailbox, faulty, token: await tokenFrom(service, open) }
  const everything = Object.keys(attacksOn(besieged))
  const mail = Object.fromEntries(Object.entries(attacksOn(besieged)).filter(([, { port }]) => port === mailbox))
  // In two processes: a flood of the mailbox must not slow down the other attackers.
  const attackers = [0, 1].map(() => startHelper<AttackOrder, Record<string, number>>(bench, 'attacker.ts'))
  const under = async (only: readonly string[], ms: number) => {
    const blows = Promise.all(
      attackers.map((attacker, at) => {
        const own = only.filter((name) => (name in mail ? 1 : 0) === at)
        return own.length === 0 ? {} : attacker.tell({ ...besieged, only: own, ms: ms + 2_000 })
      }),
    )
    // The attack has begun when the look begins.
    await sleep(1_000)
    return { seen: await look(watch, ms), blows: Object.assign({}, ...(await blows)) as Record<string, number> }
  }

  await look(watch, WARM_UP_MS)
  const quiet = await look(watch, LOOKING_MS)
  const { seen: worst, blows } = await under(everything, LOOKING_MS)
  await until('the attackers to leave', async () => (await metricOf(service, 'relay_tests_in_flight')) === 0)
  const after = await look(watch, EACH_MS)
  const rows = [rowOf('quiet', quiet), rowOf('under attack', worst), rowOf('afterwards', after)]
  if (process.argv.includes('--each')) {
    for (const name of everything) rows.push(rowOf(name, (await under([name], EACH_MS)).seen))
  }
  process.stdout.write(`${table([...HEAD, 'refused'], rows)}\n\n`)
  process.stdout.write(
    `${table(
      ['attack', 'blows'],
      Object.entries(blows).map(([name, count]) => [name, count]),
    )}\n\n`,
  )
  const slower = worst.testMs / quiet.testMs
  process.stdout.write(`Tests took ${slower.toFixed(2)} times as long (bound: ${MOST_TIMES_SLOWER}). `)
  process.stdout.write(`livez p99: ${worst.livezP99Ms.toFixed(1)} ms (bound: ${MOST_LIVEZ_MS}).\n`)
  return slower <= MOST_TIMES_SLOWER && worst.livezP99Ms < MOST_LIVEZ_MS && worst.failed === 0
}

process.exitCode = (await during(siege)) ? 0 : 1
