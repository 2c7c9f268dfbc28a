/**
 * Tests the targets of sweeps, each once. A queue holds the targets that are due, so that any replica can test them. A
 * target whose test has begun is never tested again in the same sweep, even if its replica has died.
 */
import { z } from 'zod'
import type { RelayTest } from '../contract/relay-test.ts'
import { parseAddress } from '../ip/address.ts'
import { PutBack, type Queue, type QueueOptions } from '../queue/queue.ts'
import type { RequestContext } from '../service/job.ts'
import type { Logger } from '../service/logger.ts'
import { problemOf } from '../service/problem.ts'
import type { RelayTests } from '../service/relay-tests.ts'
import type { TestRequest } from '../service/request.ts'
import { slotsOfSweeps } from '../service/slots.ts'
import type { Permissions } from '../service/withdrawal.ts'
import {
  type StoredSweep,
  type SweepRow,
  type Sweeps,
  type SweepTarget,
  storedTarget,
  type TargetAddress,
} from '../store/sweeps.ts'
import { runningRow, skippedRow, testedRow } from './rows.ts'

/** One target that is due. */
const dueTarget = z.object({ sweepId: z.string(), target: storedTarget })
export type DueTarget = z.output<typeof dueTarget>

/** How many due targets may wait. */
export const WAITING_TARGETS = 1_000
/** The pauses before a target is tried again after a fault of the service, in milliseconds. */
const PAUSES_MS = [1_000, 5_000, 15_000, 60_000]
/** The shortest and the longest pause of a target that cannot be tested yet, in milliseconds. */
const SHORTEST_MS = 500
const LONGEST_MS = 5_000
/** A longer wait means a used-up quota. Then the target is tried again after this time, in seconds. */
const LONG_SECONDS = 30
/** How often we look at a test that another replica runs, or that has a follow-up, in milliseconds. */
const LOOK_MS = 10_000
/** How many times we try to write a row that another replica changes at the same moment. */
const WRITES = 5

/** Returns the options of the queue. */
export const targetOptions = (maxConcurrent: number): QueueOptions<DueTarget> => ({
  name: 'sweep-tests',
  limit: 100 * WAITING_TARGETS,
  atOnce: slotsOfSweeps(maxConcurrent),
  pausesMs: PAUSES_MS,
  parse: (json) => dueTarget.parse(json),
})

/** The parts of the service that the tests of sweeps use. */
export interface TargetParts extends Permissions {
  readonly queue: Queue<DueTarget>
  readonly sweeps: Sweeps
  readonly relayTests: Pick<RelayTests, 'runForSweep' | 'read'>
  readonly log: Logger
}

const FAULT = 'Our service could not test it, because of a fault.'
const NO_SWEEPS = 'We did not test it, because the holder of this key may no longer use sweeps.'

/** Thrown if the target has a row already: another replica has begun its test. */
class Taken extends Error {}

/** The tests of all sweeps. */
export class TargetTests {
  readonly #parts: TargetParts

  constructor(parts: TargetParts) {
    this.#parts = parts
  }

  /** Begins to test targets. */
  work(): void {
    const { queue, log } = this.#parts
    queue.work({
      run: (due) => this.#run(due),
      died: ({ sweepId, target }, err) => {
        log.error({ err, sweepId, ip: target.ip, port: target.port }, 'a target of a sweep could not be tested')
        void this.#giveUp(sweepId, target)
      },
    })
  }

  /** Adds a target that is due. Returns false if too many wait. */
  async add(sweepId: string, target: SweepTarget): Promise<boolean> {
    const { ip, port } = target
    return (await this.#parts.queue.add(`${sweepId} ${ip} ${port}`, { sweepId, target }, 0)) !== 'full'
  }

  /** Notes that late mail or a follow-up has changed the result of a test. Never rejects. */
  async amended(result: RelayTest): Promise<void> {
    const { sweeps, log } = this.#parts
    if (result.sweepId === null) return
    try {
      const sweep = await sweeps.get(result.sweepId)
      const [row] = sweep ? await sweeps.rows(sweep.record.id, [targetOf(result)]) : []
      if (sweep && row?.state === 'tested') await this.#record(sweep, targetOf(result), result)
    } catch (err) {
      log.error({ err, id: result.id, sweepId: result.sweepId }, 'a sweep does not show a result that has changed')
    }
  }

  /** Starts no further test, and waits for those that run. */
  async close(): Promise<void> {
    await this.#parts.queue.close()
  }

  async #run({ sweepId, target }: DueTarget): Promise<void> {
    const { sweeps, relayTests, callerNow } = this.#parts
    const sweep = await sweeps.get(sweepId)
    const [row = null] = sweep ? await sweeps.rows(sweepId, [target]) : []
    if (!sweep || (row !== null && row.state !== 'running')) return
    const caller = callerNow(sweep.record.callerId)
    const result = row?.testId && caller ? await relayTests.read(row.testId, caller) : null
    if (result) return this.#settle(sweep, target, result)
    // There is no result: the test has not begun, or the stores failed while it was admitted. So nothing was dialled.
    if (sweep.status !== 'running') return
    if (!caller?.sweeps) return this.#skip(sweep, target, NO_SWEEPS)
    const { log } = this.#parts
    const context = { caller, requestId: sweepId, log, quotaStates: new Map(), whenGone() {} }
    await this.#test(sweep, target, row, context)
  }

  async #test(sweep: StoredSweep, target: SweepTarget, row: SweepRow | null, context: RequestContext): Promise<void> {
    const { sweeps, relayTests, testingIsOn } = this.#parts
    const { id } = sweep.record
    if (!testingIsOn()) throw new PutBack({ ms: LONGEST_MS })
    const note = async (testId: string) => {
      if (!(await sweeps.swap(id, target, row, runningRow(testId)))) throw new Taken()
    }
    try {
      await this.#settle(sweep, target, await relayTests.runForSweep(requestOf(sweep, target), context, id, note))
    } catch (error) {
      if (error instanceof Taken) throw new PutBack({ ms: LOOK_MS })
      const problem = problemOf(error)
      if (!problem) throw error
      // Only a problem that time can solve says when to try again.
      const { retryAfter } = problem.members
      if (retryAfter !== undefined) throw new PutBack({ ms: pauseMs(retryAfter) })
      await this.#skip(sweep, target, `We did not test it: ${problem.message.replace(/\.?$/, '.')}`)
    }
  }

  /** Notes the end of a test, unless its server is visited again later: then the sweep waits for that. */
  async #settle(sweep: StoredSweep, target: SweepTarget, result: RelayTest): Promise<void> {
    const isStopped = (await this.#parts.sweeps.get(sweep.record.id))?.status !== 'running'
    const isOver = result.status === 'finished' && (result.followUpAt === null || isStopped)
    if (!isOver) throw new PutBack({ ms: LOOK_MS })
    await this.#record(sweep, target, result)
  }

  async #record(sweep: StoredSweep, target: TargetAddress, result: RelayTest): Promise<void> {
    const before = await this.#before(sweep, target)
    await this.#write(sweep, target, testedRow(result, before))
  }

  async #skip(sweep: StoredSweep, target: TargetAddress, says: string): Promise<void> {
    const before = await this.#before(sweep, target)
    await this.#write(sweep, target, skippedRow(says, new Date().toISOString(), before))
  }

  async #write({ record: { id } }: StoredSweep, target: TargetAddress, after: SweepRow): Promise<void> {
    const { sweeps } = this.#parts
    for (let write = 0; write < WRITES; write += 1) {
      const [row = null] = await sweeps.rows(id, [target])
      if (await sweeps.swap(id, target, row, after)) return
    }
    throw new Error('the row of a target changes all the time')
  }

  /** Returns the row of the target in the sweep before. */
  async #before({ record: { against } }: StoredSweep, target: TargetAddress): Promise<SweepRow | null | undefined> {
    if (against === null) return undefined
    const [row = null] = await this.#parts.sweeps.rows(against, [target])
    return row
  }

  async #giveUp(sweepId: string, target: SweepTarget): Promise<void> {
    const { sweeps, log } = this.#parts
    try {
      const sweep = await sweeps.get(sweepId)
      if (sweep) await this.#skip(sweep, target, FAULT)
    } catch (err) {
      log.error({ err, sweepId }, 'a target of a sweep could not be given up')
    }
  }
}

const targetOf = ({ ip, port }: RelayTest): TargetAddress => ({ ip, port })

/** A random pause, so that targets that wait for the same network or slot do not all try at once. */
const pauseMs = (retryAfter: number): number =>
  retryAfter > LONG_SECONDS ? LONG_SECONDS * 1_000 : SHORTEST_MS + Math.random() * SHORTEST_MS

/** Returns the request of one test. It names the customer, so that a target that has moved is refused. */
function requestOf({ record: { suite, proof } }: StoredSweep, target: SweepTarget): TestRequest {
  const { ip, port, customerId, domain, knownMailbox, reference } = target
  const address = parseAddress(ip)
  if (!address) throw new Error('a target of a sweep has no address')
  return {
    address,
    port,
    customerId,
    suite,
    proof,
    ...(domain !== null && { domain }),
    ...(knownMailbox !== null && { knownMailbox }),
    ...(reference !== null && { reference }),
  }
}
