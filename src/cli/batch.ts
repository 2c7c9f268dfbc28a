/** Tests many targets, several at a time, for `relay-test --file`. Waits for quotas, other tests and free slots. */
import { randomUUID } from 'node:crypto'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  isFinished,
  type NewRelayTest,
  type RelayTestClient,
  RelayTestProblem,
  RelayTestUnreachable,
} from '../client/client.ts'
import { type Ending, lineFor, reasonFor } from './ending.ts'
import { lookUp } from './lookup.ts'
import type { TestOptions } from './options.ts'
import { endOfTest, patiently } from './patience.ts'
import type { ListedTarget } from './targets.ts'

/** Receives the progress of a batch. */
export interface BatchListener {
  /** Called at the end of each test, with the object to print. `isNew` is false if the result was there before. */
  ended(line: object, ending: Ending, isNew: boolean): void
  /** Called when a name has been looked up, with the number of its addresses. */
  found(addresses: number): void
  /** Called with the number of targets that wait for a quota or for another test to end, and why the last one does. */
  waiting(count: number, reason: string | null): void
  /** Called with the position of a target on the waiting list of the service, and with null when its test starts. */
  inLine(target: number, position: number | null): void
  /** Called for each address of a name that may not be tested, while others may. */
  skipped(reason: string): void
}

/** The targets of a batch, and how they are tested. */
export interface Batch {
  readonly targets: readonly ListedTarget[]
  /** The options that go into every request. A line of the file wins. */
  readonly test: TestOptions
  readonly atOnce: number
  /** Returns the result of a target that need not be tested again, or null. */
  known(target: object): object | null
}

/** A test to make, or a name to look up first. */
interface Job {
  readonly number: number
  readonly target: string
  /** The members of its request that are known before the look-up. */
  readonly shared: Omit<NewRelayTest, 'ip'>
  readonly ip: string | null
}

const NOT_TESTED = { slug: null, status: null, detail: 'not tested' } as const

/**
 * Tests the targets, `atOnce` at a time, and reports each one when it ends. All attempts at a target share an
 * idempotency key, so that it is tested once. Stops if the service rejects the API key or has never answered.
 *
 * @returns one line that says why the remaining targets were not tested, or null
 */
export async function testMany(
  client: RelayTestClient,
  { targets, test, atOnce, known }: Batch,
  listener: BatchListener,
): Promise<string | null> {
  const batch = randomUUID()
  let numbers = 0
  const queue = targets.map(({ target, ...own }): Job => {
    const ip = isIP(target) === 0 ? null : target
    return { number: ++numbers, target, shared: { ...test, ...own }, ip }
  })
  let waitingCount = 0
  const wait = async (seconds: number, reason: string) => {
    listener.waiting(++waitingCount, reason)
    await sleep(seconds * 1_000)
    listener.waiting(--waitingCount, null)
  }
  let answered = false
  let stopped: string | null = null
  const fail = ({ target, ip, shared }: Job, error: object) =>
    listener.ended({ target, ...(ip === null ? {} : { ip }), ...shared, error }, 'error', true)

  /** Looks up the name of a job, and puts a job for each address at the front of the queue. */
  const expand = async ({ target, shared }: Job) => {
    const { requests, skipped } = await patiently(() => lookUp(target, client), wait)
    skipped.forEach(listener.skipped)
    listener.found(requests.length)
    queue.unshift(
      ...requests.map(({ ip, ...own }): Job => ({ number: ++numbers, target, shared: { ...own, ...shared }, ip })),
    )
  }

  const run = async (job: Job, request: NewRelayTest) => {
    const { number, target } = job
    const earlier = known({ target, ...request })
    if (earlier) return listener.ended(earlier, endingOf(earlier), false)
    const options = { idempotencyKey: `${batch}-${number}`, respondAsync: true }
    const inLine = (position: number | null) => listener.inLine(number, position)
    const result = await patiently(async () => {
      const started = await client.create(request, options)
      return isFinished(started) ? started : endOfTest(started, client, inLine)
    }, wait)
    listener.ended({ target, ...result }, result.verdict, true)
  }

  const work = async () => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      try {
        if (job.ip === null) await expand(job)
        else await run(job, { ip: job.ip, ...job.shared })
        answered = true
      } catch (error) {
        fail(job, errorFields(error))
        answered ||= error instanceof RelayTestProblem
        const noKey = error instanceof RelayTestProblem && error.slug === 'unauthenticated'
        if (!noKey && (answered || !(error instanceof RelayTestUnreachable))) continue
        stopped ??= lineFor(error)
        for (const left of queue.splice(0)) fail(left, NOT_TESTED)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return stopped
}

const endingOf = (line: object): Ending => {
  const { verdict }: { verdict?: unknown } = line
  return verdict === 'open' || verdict === 'closed' || verdict === 'inconclusive' ? verdict : 'error'
}

/** Returns the members of `error` in the printed line. */
function errorFields(error: unknown) {
  const { slug = null, status = null } = error instanceof RelayTestProblem ? error : {}
  return { slug, status, detail: reasonFor(error) }
}
