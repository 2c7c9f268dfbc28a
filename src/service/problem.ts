/** Requests that the service turns down: an error class with the slug of the problem that the caller gets. */
import type { FieldError, LastTest, ProblemSlug } from '../contract/problems.ts'
import { MemoryLost, StoreUnavailable } from '../store/unavailable.ts'

/** The members of a problem, without its text. `retryAfter` is in seconds, `location` the path of a result. */
export interface ProblemMembers {
  readonly errors?: readonly FieldError[]
  readonly violatedPolicies?: readonly string[]
  readonly retryAfter?: number
  readonly location?: string
  readonly lastTest?: LastTest
}

/** A request that is turned down. `slug` is a row of the problem catalogue, `message` the detail for the caller. */
export class RequestProblem extends Error {
  readonly slug: ProblemSlug
  readonly members: ProblemMembers

  constructor(slug: ProblemSlug, detail: string, members: ProblemMembers = {}) {
    super(detail)
    this.slug = slug
    this.members = members
  }
}

/** Returns the time in some seconds as people read it, for example `2026-11-29 08:00:00 UTC`. */
export const timeAfter = (seconds: number): string =>
  `${new Date(Date.now() + seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** When a caller should try again if another test is in its way: most tests take a few seconds. */
export const RETRY_SOON_SECONDS = 5

/** When a caller should try again if the stores are down: most outages of Redis are a restart. */
const RETRY_STORES_SECONDS = 2

/** Returns the problem that an error stands for, or null if the error is a fault of the program. */
export function problemOf(error: unknown): RequestProblem | null {
  if (error instanceof RequestProblem) return error
  if (error instanceof MemoryLost) {
    const retryAfter = Math.ceil(error.waitMs / 1000)
    const detail = `The service has lost track of the tests that may still run. Nothing is tested until all of them have ended: try again in ${retryAfter} s.`
    return new RequestProblem('memory-lost', detail, { retryAfter })
  }
  if (!(error instanceof StoreUnavailable)) return null
  const detail = 'The quotas cannot be checked right now, so nothing is tested: try again in a few seconds.'
  return new RequestProblem('limits-unavailable', detail, { retryAfter: RETRY_STORES_SECONDS })
}
