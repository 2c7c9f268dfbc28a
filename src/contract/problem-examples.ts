import { PROBLEMS, type Problem, type ProblemSlug, problemType } from './problems.ts'

const INSTANCE = 'b0f6a1de-5d2f-4c43-9a53-3c2c0f5f8e0d'

/** What the problems say that an unattended caller meets: each is to be answered in its own way. */
const DETAILS = {
  'target-busy': '203.0.113.25 is being tested right now: read that result, or try again in some seconds.',
  'idempotency-running': 'The test of this idempotency key still runs: read its result, or try again.',
  'idempotency-mismatch': 'This idempotency key was used for another request: take a new key.',
  'limits-unavailable': 'Quotas and results cannot be looked at, so nothing is tested: try again soon.',
} as const satisfies Partial<Record<ProblemSlug, string>>

const exampleOf = (slug: keyof typeof DETAILS): { summary: string; value: Problem } => {
  const { status, title } = PROBLEMS[slug]
  return {
    summary: title,
    value: { type: problemType(slug), title, status, detail: DETAILS[slug], instance: INSTANCE },
  }
}

/** Examples of `POST /relay-tests`, by status. */
export const PROBLEM_EXAMPLES = {
  '409': {
    'target-busy': exampleOf('target-busy'),
    'idempotency-running': exampleOf('idempotency-running'),
  },
  '422': { 'idempotency-mismatch': exampleOf('idempotency-mismatch') },
  '503': { 'limits-unavailable': exampleOf('limits-unavailable') },
} as const
