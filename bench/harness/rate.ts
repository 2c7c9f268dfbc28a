import type { ChildProcess } from 'node:child_process'
import { KEYS } from '../../test/harness/service.ts'
import type { Load, Loaded } from './client.ts'
import { cpuSecondsOf, type Helper } from './processes.ts'
import { median } from './report.ts'

/** How long each measurement takes, and how many of them the median is of. */
const RUN_MS = 2_000
/** Before each row, whose number of connections is new. */
const WARM_UP_MS = 2_000
/**
 * Node.js compiles what it runs often, and takes a while to see what that is: a test costs less for half a minute
 * (measured).
 */
const FIRST_WARM_UP_MS = 40_000
const FIRST_CONNECTIONS = 10
export const RUNS = 5

/** An address in a request: each is as long. */
export const AN_ADDRESS = '127.100.100.100'

/** `POST /relay-tests` as bytes; `{ip}` in it is a new address each time. */
export function postRelayTest(members: object): string {
  const body = JSON.stringify(members)
  const length = Buffer.byteLength(body.replace('{ip}', AN_ADDRESS))
  return `POST /relay-tests HTTP/1.1\r\nHost: relay-tests\r\nAuthorization: Bearer ${KEYS.desk}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`
}

export interface Rates {
  /** Answers for each second of processor time that the process used: its rate on a core that it has for itself. */
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

/** What a process does when it is asked on so many connections. */
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

/** Has each of two run for so long that its code has become as fast as it will be. */
export async function warmUp(client: Helper<Load, Loaded>, ...all: readonly Asked[]): Promise<void> {
  for (const asked of all) await rateOf(client, asked, FIRST_CONNECTIONS, FIRST_WARM_UP_MS)
}

/**
 * Asks two in turn, and returns the medians of both and of their ratio on one core; but for the first, which warms up.
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
