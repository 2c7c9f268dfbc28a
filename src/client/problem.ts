/** The errors that the client throws: a refusal by the service, and a service that cannot be reached. */
import type { FieldError, LastTest, Problem, ProblemSlug } from './types.ts'

/**
 * A refusal by the service, from its problem document (RFC 9457). New slugs may appear: decide by `status` if you do
 * not know the slug.
 */
export class RelayTestProblem extends Error {
  override readonly name = 'RelayTestProblem'
  /** The kind of problem, for programs. */
  readonly slug: ProblemSlug | (string & {})
  readonly status: number
  /** Tells people the fault, and how to correct it. */
  readonly detail: string
  /** The wrong members of the request. */
  readonly errors: readonly FieldError[]
  /** The names of the used-up quotas. */
  readonly violatedPolicies: readonly string[]
  /** The last test of the address, if the address was tested too often. */
  readonly lastTest: LastTest | null
  /** Seconds to wait before a retry; null if a retry is useless. */
  readonly retryAfter: number | null
  /** The path of the test that blocks this request, or that answers it. */
  readonly location: string | null
  /** The id of the request, for questions to the provider. */
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

/** The service could not be reached, or something else answered, such as a proxy. */
export class RelayTestUnreachable extends Error {
  override readonly name = 'RelayTestUnreachable'
}

const TYPE = 'urn:relay-tests:problem:'

/** Returns the error of a response that is not 2xx. */
export async function problemIn(response: Response): Promise<RelayTestProblem | RelayTestUnreachable> {
  const body: unknown = await response.json().catch(() => null)
  if (!isProblem(body)) {
    return new RelayTestUnreachable(
      `${response.url} answered ${response.status}, but it does not look like a relay test service.`,
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
