/** Measures how many answers a second a process gives, and compares two processes. */
import type { ChildProcess } from 'node:child_process'
import { KEYS } from '../../test/harness/service.ts'
import type { Load, Loaded } from './client.ts'
import { cpuSecondsOf, type Helper } from './processes.ts'
import { median } from './report.ts'

/** How long each measurement takes. */
const RUN_MS = 2_000
/** The warm-up before each row, because each row has another number of connections. */
const WARM_UP_MS = 2_000
/** Node.js compiles code that runs often. A test gets cheaper for half a minute (measured). */
const FIRST_WARM_UP_MS = 40_000
const FIRST_CONNECTIONS = 10
/** Each figure is the median of five measurements. */
export const RUNS = 5

/** One of the addresses that replace `{ip}`. All have this length. */
export const AN_ADDRESS = '127.100.100.100'

/** Returns a `POST /relay-tests` as text. `{ip}` in it is replaced by a new address each time. */
export function postRelayTest(members: object): string {
  const body = JSON.stringify(members)
  const length = Buffer.byteLength(body.replace('{ip}', AN_ADDRESS))
  return `POST /relay-tests HTTP/1.1\r\nHost: relay-tests\r\nAuthorization: Bearer ${KEYS.desk}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
}

export interface Rates {
  /** Answers for each second of CPU time: the rate if the process had a core alone. */
  readonly core: number
  /** Answers a second by the clock. */
  readonly clock: number
}

export interface Asked {
  readonly process: ChildProcess
  readonly port: number
  readonly request: string
  /** The status that every answer must have. */
  readonly status: number
}

/** Measures the rates of one process with a number of connections. */
async function rateOf(
  client: Helper<Load, Loaded>,
  { process, port, request, status }: Asked,
  connections: number,
  ms: number,
) {
  const before = cpuSecondsOf(process)
  const { answers, seconds } = await client.tell({ port, request, connections, ms })
  const { [status]: count = 0, ...others } = answers
  if (Object.keys(others).length > 0) throw new Error(`not only ${status}: ${JSON.stringify(answers)}`)
  return { core: count / (cpuSecondsOf(process) - before), clock: count / seconds }
}

/** Runs each process until its code has become as fast as it can. */
export async function warmUp(client: Helper<Load, Loaded>, ...all: readonly Asked[]): Promise<void> {
  for (const asked of all) await rateOf(client, asked, FIRST_CONNECTIONS, FIRST_WARM_UP_MS)
}

/**
 * Measures two processes in turn. Returns the medians of both and of their ratio on one core. One pair first warms up.
 */
export async function sideBySide(client: Helper<Load, Loaded>, ours: Asked, bare: Asked, connections: number) {
  const pairs: { readonly ours: Rates; readonly bare: Rates }[] = []
  for (let run = 0; run <= RUNS; run += 1) {
    const ms = run === 0 ? WARM_UP_MS : RUN_MS
    pairs.push({ ours: await rateOf(client, ours, connections, ms), bare: await rateOf(client, bare, connections, ms) })
  }
  const counted = pairs.slice(1)
  const of = (whose: 'ours' | 'bare', which: keyof Rates) => median(counted.map((pair) => pair[whose][which]))
  return {
    ours: { core: of('ours', 'core'), clock: of('ours', 'clock') },
    bare: { core: of('bare', 'core'), clock: of('bare', 'clock') },
    ratio: median(counted.map((pair) => pair.ours.core / pair.bare.core)),
  }
}
