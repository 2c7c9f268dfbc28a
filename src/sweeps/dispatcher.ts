/**
 * Takes each sweep from its start to its end: gives the targets that are due to the queue of tests, a few at a time,
 * and ends the sweep after the last one. A sweep is a job of a queue, so if its replica dies, another one goes on.
 */
import { z } from 'zod'
import { PutBack, type Queue, type QueueOptions } from '../queue/queue.ts'
import type { Logger } from '../service/logger.ts'
import { type Permissions, TESTING_OFF } from '../service/withdrawal.ts'
import { PART, type StoredSweep, type Sweeps, type SweepTarget } from '../store/sweeps.ts'
import { dueAt, timeOf } from './due.ts'
import { skippedRow } from './rows.ts'
import { type TargetTests, WAITING_TARGETS } from './target-tests.ts'

const runningSweep = z.object({ sweepId: z.string() })
export type RunningSweep = z.output<typeof runningSweep>

/** How many sweeps may run at the same time, and how many of them one replica works on at the same time. */
const LIMIT = 1_000
const AT_ONCE = 10
/** The pauses before a replica works on a sweep again after a fault of the service, in milliseconds. */
const PAUSES_MS = Array(1_000).fill(5_000)
/** The pauses between two looks at a sweep, in milliseconds: while much goes on, and while it waits. */
const BUSY_MS = 500
const IDLE_MS = 2_000
/** How long a sweep may take to be stored, in milliseconds: it waits in its queue meanwhile. */
const STORING_MS = 60_000

/** Returns the options of the queue. */
export const sweepOptions = (): QueueOptions<RunningSweep> => ({
  name: 'sweeps',
  limit: LIMIT,
  atOnce: AT_ONCE,
  pausesMs: PAUSES_MS,
  parse: (json) => runningSweep.parse(json),
})

/** The parts of the service that the dispatcher uses. */
export interface DispatcherParts extends Permissions {
  readonly queue: Queue<RunningSweep>
  readonly sweeps: Sweeps
  readonly targetTests: Pick<TargetTests, 'add'>
  readonly log: Logger
  /** Called once for each sweep that has ended. */
  ended(sweep: StoredSweep): Promise<void>
}

const GONE = 'The last sweep had this target. This sweep does not have it.'

/** Works on all running sweeps. */
export class Dispatcher {
  readonly #parts: DispatcherParts

  constructor(parts: DispatcherParts) {
    this.#parts = parts
  }

  /** Begins to work on sweeps. */
  work(): void {
    const { queue, log } = this.#parts
    queue.work({
      run: ({ sweepId }) => this.#move(sweepId),
      died: ({ sweepId }, err) => log.error({ err, sweepId }, 'a sweep cannot go on'),
    })
  }

  /**
   * Adds a sweep that is about to be stored. If this process dies before it is, nothing is left of it. Returns false if
   * too many sweeps run.
   */
  async add(sweepId: string): Promise<boolean> {
    return (await this.#parts.queue.add(sweepId, { sweepId }, STORING_MS)) !== 'full'
  }

  /** Makes a sweep start at once, because it is stored now. */
  async begin(sweepId: string): Promise<void> {
    await this.#parts.queue.hurry(sweepId)
  }

  /** Forgets a sweep that was not stored. */
  async remove(sweepId: string): Promise<void> {
    await this.#parts.queue.cancel(sweepId)
  }

  async close(): Promise<void> {
    await this.#parts.queue.close()
  }

  async #move(sweepId: string): Promise<void> {
    const { sweeps, callerNow, testingIsOn } = this.#parts
    const sweep = await sweeps.get(sweepId)
    if (sweep?.status !== 'running') return
    if (!callerNow(sweep.record.callerId)?.sweeps)
      return this.#end(sweep, 'stopped', 'We stopped, because the holder of this key may no longer use sweeps.')
    if (!testingIsOn()) {
      const says = `Nothing is tested now, because ${TESTING_OFF}. The sweep goes on when testing is on again.`
      await sweeps.say(sweepId, says)
      throw new PutBack({ ms: IDLE_MS })
    }
    if (sweep.says !== null) await sweeps.say(sweepId, null)
    const { counts, record } = sweep
    if (counts.tested + counts.skipped >= record.targets) {
      await this.#addLost(sweep)
      return this.#end(sweep, 'finished', null)
    }
    throw new PutBack({ ms: await this.#dispatch(sweep) })
  }

  /** Gives the targets that are due to the queue of tests. Returns how long to wait before the next look. */
  async #dispatch({ record, dispatched, counts }: StoredSweep): Promise<number> {
    const { sweeps, targetTests } = this.#parts
    const { id, targets } = record
    const waiting = dispatched - counts.running - counts.tested - counts.skipped
    const room = Math.min(dueAt(record, Date.now()) - dispatched, WAITING_TARGETS - waiting)
    let at = dispatched
    for (const target of room > 0 ? await sweeps.targets(id, dispatched, room) : []) {
      if (!(await targetTests.add(id, target))) break
      at += 1
    }
    if (at > dispatched) await sweeps.dispatched(id, at)
    if (waiting > 0 || at > dispatched || at === targets) return BUSY_MS
    return Math.min(IDLE_MS, Math.max(BUSY_MS, timeOf(record, at) - Date.now()))
  }

  /** Adds the targets that the sweep before has tested, and that this one does not have. Safe to repeat. */
  async #addLost({ record: { id, against } }: StoredSweep): Promise<void> {
    const { sweeps } = this.#parts
    const before = against === null ? null : await sweeps.get(against)
    if (!before) return
    await sweeps.clearLost(id)
    const at = new Date().toISOString()
    let lost: { target: SweepTarget; row: ReturnType<typeof skippedRow> }[] = []
    for (let from = 0; from < before.record.targets; from += PART) {
      const targets = await sweeps.targets(before.record.id, from, PART)
      const [now, then] = [await sweeps.rows(id, targets), await sweeps.rows(before.record.id, targets)]
      for (const [index, target] of targets.entries()) {
        const row = then[index]
        if (now[index] === null && row?.state === 'tested') lost.push({ target, row: skippedRow(GONE, at, row) })
      }
      while (lost.length >= PART) {
        await sweeps.addLost(id, lost.slice(0, PART))
        lost = lost.slice(PART)
      }
    }
    if (lost.length > 0) await sweeps.addLost(id, lost)
  }

  async #end(sweep: StoredSweep, status: 'finished' | 'stopped', says: string | null): Promise<void> {
    const { sweeps, ended } = this.#parts
    const { id } = sweep.record
    if (!(await sweeps.end(id, status, new Date().toISOString(), says))) return
    const now = await sweeps.get(id)
    if (now) await ended(now)
  }
}
