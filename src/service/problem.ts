import type { FieldError, ProblemSlug } from '../contract/problems.ts'

/** What goes with a refusal besides its words. Seconds, and the path of a result. */
export interface Extras {
  readonly errors?: readonly FieldError[]
  readonly violatedPolicies?: readonly string[]
  readonly retryAfter?: number
  readonly location?: string
}

/** A refusal of a request, by its slug in the problem catalogue. */
export class Refused extends Error {
  readonly slug: ProblemSlug
  readonly extras: Extras

  constructor(slug: ProblemSlug, detail: string, extras: Extras = {}) {
    super(detail)
    this.slug = slug
    this.extras = extras
  }
}
