import type { FieldError, LastTest, Problem, ProblemSlug } from '../contract/problems.ts'

/**
 * A refusal by the service, as its problem document tells it. New slugs may appear: go by the status where you do not
 * know one.
 */
export class RelayTestProblem extends Error {
  override readonly name = 'RelayTestProblem'
  /** What is wrong, to decide by. */
  readonly slug: ProblemSlug | (string & {})
  readonly status: number
  /** What is wrong and what to do about it, to be read by people. */
  readonly detail: string
  /** The members of the request at fault. */
  readonly errors: readonly FieldError[]
  /** The quotas that refused. */
  readonly violatedPolicies: readonly string[]
  /** The last verdict on the address, where that address was tested too often. */
  readonly lastTest: LastTest | null
  /** Seconds after which to try again; null where that would be of no use. */
  readonly retryAfter: number | null
  /** The path of the test that stands in the way, or answers the question. */
  readonly location: string | null
  /** What to name when you ask the provider about it. */
  readonly requestId: string | null

  constructor(problem: Problem, { retryAfter, location }: { retryAfter: number | null; location: string | null }) {
    super(problem.detail)
    this.slug = problem.type.slice(TYPE.length)
    this.status = problem.status
    this.detail = problem.detail
    this.errors = problem.errors ?? []
    this.violatedPolicies = problem.violatedPolicies ?? []
    this.lastTest = problem.lastTest ?? null
    this.retryAfter = retryAfter
    this.location = location
    this.requestId = problem.instance
  }
}

/** The service could not be reached, or whoever answered in its place spoke otherwise (a proxy, a wrong address). */
export class RelayTestUnreachable extends Error {
  override readonly name = 'RelayTestUnreachable'
}

const TYPE = 'urn:relay-tests:problem:'

/** The error that a refusing response stands for. */
export async function problemIn(response: Response): Promise<RelayTestProblem | RelayTestUnreachable> {
  const body: unknown = await response.json().catch(() => null)
  if (!isProblem(body)) {
    return new RelayTestUnreachable(
      `${response.url} answered ${response.status}, but not as a relay test service does.`,
    )
  }
  const seconds = Number.parseInt(response.headers.get('retry-after') ?? '', 10)
  return new RelayTestProblem(body, {
    retryAfter: Number.isNaN(seconds) ? null : seconds,
    location: response.headers.get('location'),
  })
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false
  const { type, status, detail }: Partial<Record<string, unknown>> = { ...body }
  return typeof type === 'string' && type.startsWith(TYPE) && typeof status === 'number' && typeof detail === 'string'
}
