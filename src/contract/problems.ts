import { z } from 'zod'
import { VERDICTS } from './words.ts'

/**
 * Every error of the API: slug → HTTP status and title (RFC 9457). `type` is `urn:relay-tests:problem:SLUG` and stays;
 * `detail` says what to do and may change.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  'not-allowed': { status: 403, title: 'This key may not test this address' },
  'not-found': { status: 404, title: 'Nothing is here' },
  'method-not-allowed': { status: 405, title: 'This path does not take that method' },
  'not-acceptable': { status: 406, title: 'The answer exists in none of the accepted media types' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'target-busy': { status: 409, title: 'This address is being tested right now' },
  'idempotency-running': { status: 409, title: 'The test of this idempotency key still runs' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'address-special': { status: 422, title: 'The address lies in a special range' },
  'opted-out': { status: 422, title: 'The address is on the opt-out list' },
  'domain-not-listed': { status: 422, title: 'The domain is not one of the customer' },
  'vantage-inside-network': { status: 422, title: "The vantage lies inside the customer's network" },
  'vantage-family': { status: 422, title: 'The vantage does not speak this IP version' },
  'vantage-unknown': { status: 422, title: 'There is no vantage of this name' },
  'expectation-failed': { status: 417, title: 'The expectation cannot be met' },
  'proof-unavailable': { status: 422, title: 'This installation has no mailbox to prove a delivery with' },
  'idempotency-mismatch': { status: 422, title: 'This idempotency key was used for another request' },
  'quota-exceeded': { status: 429, title: 'A quota is used up' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'The service failed' },
  'at-capacity': { status: 503, title: 'All test slots are taken' },
  'audit-unavailable': { status: 503, title: 'The audit log cannot be written, so nothing is tested' },
  'limits-unavailable': { status: 503, title: 'The quotas cannot be looked at, so nothing is tested' },
  'shutting-down': { status: 503, title: 'The service is shutting down' },
  'vantage-down': { status: 503, title: 'The vantage is down, so nothing is tested from it' },
  'testing-off': { status: 503, title: 'Testing is switched off' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemSlug = keyof typeof PROBLEMS

/** The `type` of a problem. */
export const problemType = (slug: ProblemSlug) => `urn:relay-tests:problem:${slug}`

export const problem = z
  .object({
    type: z.string().meta({ examples: ['urn:relay-tests:problem:invalid-request'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().meta({ description: 'The request id, as in the `Request-Id` header and the logs.' }),
    errors: z
      .array(
        z.object({
          detail: z.string().meta({ description: 'What was expected.' }),
          pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901) to the member at fault.' }),
        }),
      )
      .optional(),
    violatedPolicies: z
      .array(z.string())
      .optional()
      .meta({ description: 'The quotas that refused, by the names that `RateLimit-Policy` gives.' }),
    lastTest: z
      .object({
        id: z.uuid(),
        finishedAt: z.string().meta({ format: 'date-time' }),
        verdict: z.enum(VERDICTS),
      })
      .optional()
      .meta({ description: 'The newest result of the address, where its quota is used up and this key may read it.' }),
  })
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof problem>

/** What a refused test can be answered by instead. */
export type LastTest = NonNullable<Problem['lastTest']>

/** One field at fault, for `errors` of a problem. */
export type FieldError = NonNullable<Problem['errors']>[number]
