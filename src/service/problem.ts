import type { FieldError, LastTest, ProblemSlug } from '../contract/problems.ts'
import { StoreUnavailable } from '../store/unavailable.ts'

/** What goes with a refusal besides its words. Seconds, and the path of a result. */
export interface Extras {
  readonly errors?: readonly FieldError[]
  readonly violatedPolicies?: readonly string[]
  readonly retryAfter?: number
  readonly location?: string
  readonly lastTest?: LastTest
}

/**
 * A refusal of a request, by its slug in the problem catalogue. It has no stack: it is an answer and no fault, and a stack
 * costs a tenth of it (measured).
 */
export class Refused extends Error {
  readonly slug: ProblemSlug
  readonly extras: Extras

  constructor(slug: ProblemSlug, detail: string, extras: Extras = {}) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(detail)
    Error.stackTraceLimit = stackTraceLimit
    this.slug = slug
    this.extras = extras
  }
}

const LIMITS_BACK_SECONDS = 2

/** The refusal that an error stands for, or null where it is a fault of the program. */
export function refusalIn(error: unknown): Refused | null {
  if (error instanceof Refused) return error
  if (!(error instanceof StoreUnavailable)) return null
  const detail = 'Quotas and results cannot be looked at, so nothing is tested: try again soon.'
  return new Refused('limits-unavailable', detail, { retryAfter: LIMITS_BACK_SECONDS })
}
