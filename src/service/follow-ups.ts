/**
 * Visits a server again if it put a test off: later, without a new request, with the same test addresses. A queue holds
 * the visits, so that any replica can make them. Each visit is admitted again, and amends the result.
 */
import { z } from 'zod'
import type { FollowUpView } from '../contract/relay-test.ts'
import { PutBack, type Queue, type QueueOptions } from '../queue/queue.ts'
import type { Amendments } from './amend.ts'
import type { Dossier } from './dossier.ts'
import { type FollowUpRules, followUpsAtOnce, nextWait } from './follow-up-plan.ts'
import type { Job } from './job.ts'
import type { Logger } from './logger.ts'
import { problemOf } from './problem.ts'
import { type Reopening, reopenJob } from './reopen-job.ts'
import { type Permissions, STOPPED, saysOf, Withdrawal } from './withdrawal.ts'

/** One later visit. The first follow-up has the number 1. */
const followUp = z.object({ testId: z.string(), visit: z.int() })
export type FollowUp = z.output<typeof followUp>

/** How many follow-ups may wait. */
const LIMIT = 100_000
/** The pauses before a visit is tried again after a fault of the service, in milliseconds. */
const PAUSES_MS = [5_000, 30_000, 60_000, 120_000]
/** The pause if a visit may not begin yet, in milliseconds: its target is busy, or a vantage or store is down. */
const NOT_YET_MS = 5_000

/**
 * Returns the options of the queue. Follow-ups take no slot, because people need the slots. They have their own limit
 * instead.
 */
export const followUpOptions = (maxConcurrent: number): QueueOptions<FollowUp> => ({
  name: 'follow-ups',
  limit: LIMIT,
  atOnce: followUpsAtOnce(maxConcurrent),
  pausesMs: PAUSES_MS,
  parse: (json) => followUp.parse(json),
})

/** Says that a follow-up will not take place. */
export const FOLLOW_UP_LOST = 'Our service stopped before the next visit, or could not do the visit. Test again.'

/** The parts of the service that follow-ups use. */
export interface FollowUpParts {
  readonly queue: Queue<FollowUp>
  readonly rules: FollowUpRules
  readonly amendments: Amendments
  readonly permissions: Permissions
  readonly log: Logger
  /** Visits the server, and amends the result. Throws RequestProblem if the visit may not begin now. */
  visit(job: Job, dossier: Dossier): Promise<void>
}

/** The later visits of all tests. */
export class FollowUps {
  readonly #parts: FollowUpParts

  constructor(parts: FollowUpParts) {
    this.#parts = parts
  }

  /** Begins to make visits. */
  begin(): void {
    const { queue, log } = this.#parts
    queue.work({
      run: (job) => this.#run(job),
      died: ({ testId }, error) => {
        log.error({ err: error, id: testId }, 'a follow-up failed')
        void this.#interrupt(testId)
      },
    })
  }

  /** Returns when the server is visited again, or null. `done` is the number of follow-ups so far. */
  next(runs: Dossier['runs'], done: number): Date | null {
    const wait = nextWait(runs, done, this.#parts.rules)
    return wait === null ? null : new Date(Date.now() + wait)
  }

  /** Returns the latest end of all follow-ups, unless the server asks for longer pauses. `done` were made so far. */
  endMs(next: Date, done: number): number {
    const { pausesMs, visitMs } = this.#parts.rules
    const others = pausesMs.slice(done + 1)
    return others.reduce((sum, pause) => sum + pause + visitMs, next.getTime() + visitMs)
  }

  /** Queues the next visit of a test whose dossier is stored. Rejects if the queue cannot be reached. */
  async add(testId: string, visit: number, at: Date): Promise<void> {
    const delayMs = Math.max(0, at.getTime() - Date.now())
    const added = await this.#parts.queue.add(`${testId} ${visit}`, { testId, visit }, delayMs)
    if (added === 'full') await this.#interrupt(testId)
  }

  /** Ends the follow-ups of a test, because a caller asked to stop it. A visit that runs is stopped elsewhere. */
  async stop(testId: string): Promise<void> {
    await this.#end(testId, { outcome: 'stopped', says: saysOf(new Withdrawal(STOPPED, false)) })
  }

  /** Starts no further visit. If the next visit of a test is lost with this process, its result says so. */
  async close(): Promise<void> {
    const lost = await this.#parts.queue.close()
    await Promise.all(lost.map(({ testId }) => this.#interrupt(testId)))
  }

  async #run({ testId, visit }: FollowUp): Promise<void> {
    const dossier = await this.#parts.amendments.read(testId)
    // The result has expired, or another replica has made this visit.
    if (!dossier || dossier.circumstances.followUps.length !== visit - 1) return
    const reopened: Reopening = reopenJob(dossier, this.#parts.permissions, this.#parts.log)
    if ('why' in reopened) {
      return this.#end(testId, { outcome: 'not-allowed', says: saysOf(new Withdrawal(reopened.why, true)) })
    }
    try {
      await this.#parts.visit(reopened.job, dossier)
    } catch (error) {
      const slug = problemOf(error)?.slug
      if (slug === undefined || slug === 'internal-error') throw error
      throw new PutBack({ ms: NOT_YET_MS })
    }
  }

  async #interrupt(testId: string): Promise<void> {
    await this.#end(testId, { outcome: 'interrupted', says: FOLLOW_UP_LOST }).catch((err: unknown) => {
      this.#parts.log.error({ err, id: testId }, 'a lost follow-up could not be noted')
    })
  }

  /** Ends the follow-ups of a test without a visit. */
  async #end(testId: string, end: Pick<FollowUpView, 'outcome' | 'says'>): Promise<void> {
    const at = new Date().toISOString()
    await this.#parts.amendments.change(testId, (dossier) => {
      if (dossier.circumstances.followUpAt === null) return null
      const followUps = [...dossier.circumstances.followUps, { at, ...end }]
      return { ...dossier, circumstances: { ...dossier.circumstances, followUpAt: null, followUps } }
    })
  }
}
