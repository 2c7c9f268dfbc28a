/** Counts and logs refused requests. Strangers need no key to be refused, so the lines of each kind are limited. */
import type { FastifyBaseLogger } from 'fastify'
import type { ProblemSlug } from '../contract/problems.ts'

/** The lines a second for each kind of refusal. Those beyond are counted, and one line says how many there were. */
const LINES_A_SECOND = 10
const SECOND_MS = 1_000

/** Counts a problem for metrics, with the quotas that were used up. */
export type CountProblem = (slug: ProblemSlug, policies: readonly string[]) => void

/** The fields of a log line about a refusal. `caller` is undefined for a request without a valid key. */
export interface LoggedRefusal {
  readonly caller: string | undefined
  readonly problem: ProblemSlug
  readonly [field: string]: unknown
}

export class Refusals {
  readonly count: CountProblem
  readonly #log: Pick<FastifyBaseLogger, 'info'>
  /** The lines of this second by kind: those that were written, and those that were not. */
  readonly #seconds = new Map<string, { written: number; more: number }>()

  /** @param log gets the lines about refusals that have no line of their own */
  constructor(log: Pick<FastifyBaseLogger, 'info'>, count: CountProblem) {
    this.#log = log
    this.count = count
  }

  /**
   * Writes the line of a refusal, unless its kind had too many lines in this second. Refusals of a caller are always
   * written, except for used-up quotas: the quota of requests limits how many there are.
   */
  write(log: Pick<FastifyBaseLogger, 'info'>, refusal: LoggedRefusal): void {
    if (refusal.caller !== undefined && refusal.problem !== 'quota-exceeded') {
      log.info(refusal, 'refused')
      return
    }
    const second = this.#secondOf(refusal)
    if (second.written >= LINES_A_SECOND) {
      second.more += 1
      return
    }
    second.written += 1
    log.info(refusal, 'refused')
  }

  #secondOf({ caller, problem }: LoggedRefusal) {
    const kind = `${problem} ${caller ?? ''}`
    const known = this.#seconds.get(kind)
    if (known) return known
    const second = { written: 0, more: 0 }
    this.#seconds.set(kind, second)
    setTimeout(() => {
      this.#seconds.delete(kind)
      if (second.more > 0) this.#log.info({ caller, problem, more: second.more }, 'refused more of the same kind')
    }, SECOND_MS).unref()
    return second
  }
}
