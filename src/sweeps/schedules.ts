/** Begins the sweeps of the sweeps file at their times: one sweep at each time, however many replicas there are. */
import { z } from 'zod'
import type { Proof } from '../contract/words.ts'
import type { OpenQueue, Queue } from '../queue/queue.ts'
import type { Logger } from '../service/logger.ts'
import { problemOf } from '../service/problem.ts'
import type { Permissions } from '../service/withdrawal.ts'
import type { ScheduledSweep } from './schedules-file.ts'
import type { SweepService } from './sweeps.ts'

const dueSweep = z.object({ name: z.string() })
type DueSweep = z.output<typeof dueSweep>

/** The pauses before a sweep is begun again after a fault of the service, in milliseconds. */
const PAUSES_MS = [10_000, 60_000, 300_000]

/** The parts of the service that schedules use. */
export interface ScheduleParts extends Pick<Permissions, 'callerNow'> {
  readonly openQueue: OpenQueue
  readonly sweeps: Pick<SweepService, 'startScheduled'>
  /** The schedules, as their file is now. */
  readonly schedules: () => readonly ScheduledSweep[]
  /** The proof of a schedule that names none. */
  readonly defaultProof: Proof
  readonly log: Logger
}

/** The sweeps that begin by themselves. */
export class Schedules {
  readonly #parts: ScheduleParts
  readonly #queue: Queue<DueSweep>

  constructor(parts: ScheduleParts) {
    this.#parts = parts
    this.#queue = parts.openQueue({
      name: 'sweep-schedules',
      limit: 1_000,
      atOnce: 1,
      pausesMs: PAUSES_MS,
      parse: (json) => dueSweep.parse(json),
    })
  }

  /** Begins to start sweeps. */
  work(): void {
    this.#queue.work({
      run: ({ name }) => this.#start(name),
      died: ({ name }, err) => this.#parts.log.error({ err, name }, 'a scheduled sweep did not begin'),
    })
    void this.follow()
  }

  /** Uses the schedules as their file is now. Call it after each change. Never rejects. */
  async follow(): Promise<void> {
    const { schedules, log } = this.#parts
    const wanted = schedules().map(({ name, cron }) => ({ id: name, cron, job: { name } }))
    await this.#queue.schedule(wanted).catch((err: unknown) => {
      log.error({ err }, 'the schedules of sweeps could not be stored: they stay as they were')
    })
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }

  async #start(name: string): Promise<void> {
    const { schedules, callerNow, sweeps, defaultProof, log } = this.#parts
    const schedule = schedules().find((one) => one.name === name)
    if (!schedule) return
    const { customers, suite, proof, spread } = schedule
    const caller = callerNow(schedule.caller)
    const why = caller ? null : `there is no caller ${schedule.caller}`
    try {
      const sweepRequest = { name, customers, targets: null, suite, proof: proof ?? defaultProof, spread }
      if (caller) await sweeps.startScheduled(sweepRequest, caller)
      if (why) log.error({ name, why }, 'a scheduled sweep did not begin')
    } catch (error) {
      const problem = problemOf(error)
      if (!problem || problem.members.retryAfter !== undefined) throw error
      log.error({ name, why: problem.message }, 'a scheduled sweep did not begin')
    }
  }
}
