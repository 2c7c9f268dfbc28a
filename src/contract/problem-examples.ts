/** Examples of problems for the OpenAPI document. */
import { PROBLEMS, type Problem, type ProblemSlug, problemType } from './problems.ts'

const INSTANCE = 'b0f6a1de-5d2f-4c43-9a53-3c2c0f5f8e0d'

/** Details of the problems that an automated caller meets and must handle in different ways. */
const DETAILS = {
  'target-busy': '203.0.113.25 is being tested right now: read that result, or try again in a few seconds.',
  'idempotency-running': 'The test for this idempotency key is still running: read its result, or try again.',
  'idempotency-mismatch': 'This idempotency key was used for a different request: use a new key.',
  'limits-unavailable': 'The quotas cannot be checked right now, so nothing is tested: try again in a few seconds.',
  'memory-lost':
    'The service has lost track of the tests that may still run. Nothing is tested until all of them have ended: try again in 43 s.',
} as const satisfies Partial<Record<ProblemSlug, string>>

const exampleOf = (slug: keyof typeof DETAILS): { summary: string; value: Problem } => {
  const { status, title } = PROBLEMS[slug]
  return {
    summary: title,
    value: { type: problemType(slug), title, status, detail: DETAILS[slug], instance: INSTANCE },
  }
}

/** The examples for `POST /relay-tests`, by HTTP status. */
export const PROBLEM_EXAMPLES = {
  '409': {
    'target-busy': exampleOf('target-busy'),
    'idempotency-running': exampleOf('idempotency-running'),
  },
  '422': { 'idempotency-mismatch': exampleOf('idempotency-mismatch') },
  '503': {
    'limits-unavailable': exampleOf('limits-unavailable'),
    'memory-lost': exampleOf('memory-lost'),
  },
} as const
