/** The errors of the API (RFC 9457): one table of all of them, and the schema of the answer. */
import { z } from 'zod'
import { VERDICTS } from './words.ts'

/**
 * One row for each error: its slug, HTTP status and title. `type` is `urn:relay-tests:problem:SLUG` and never changes;
 * `detail` says what to do, and its wording may change.
 */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid API key is needed' },
  'not-allowed': { status: 403, title: 'This key may not test this address' },
  'not-found': { status: 404, title: 'Nothing was found here' },
  'method-not-allowed': { status: 405, title: 'This path does not support this method' },
  'not-acceptable': { status: 406, title: 'This path cannot answer in any of the accepted media types' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  'target-busy': { status: 409, title: 'This address is being tested right now' },
  'idempotency-running': { status: 409, title: 'The test for this idempotency key is still running' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json' },
  'address-special': { status: 422, title: 'The address is in a special range' },
  'opted-out': { status: 422, title: 'The address is on the opt-out list' },
  'domain-not-listed': { status: 422, title: 'The domain does not belong to the customer' },
  'vantage-inside-network': { status: 422, title: "The vantage is inside the customer's network" },
  'vantage-family': { status: 422, title: 'The vantage does not support this IP version' },
  'vantage-unknown': { status: 422, title: 'There is no vantage with this name' },
  'expectation-failed': { status: 417, title: 'The service cannot do what the Expect header asks' },
  'proof-unavailable': { status: 422, title: 'This service has no mailbox that could prove a delivery' },
  'idempotency-mismatch': { status: 422, title: 'This idempotency key was used for a different request' },
  'quota-exceeded': { status: 429, title: 'A quota is used up' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  'internal-error': { status: 500, title: 'The service failed' },
  'at-capacity': { status: 503, title: 'All test slots are taken' },
  'audit-unavailable': { status: 503, title: 'The audit log cannot be written, so nothing is tested' },
  'limits-unavailable': { status: 503, title: 'The quotas cannot be checked, so nothing is tested' },
  'memory-lost': {
    status: 503,
    title: 'The service lost its memory, so nothing is tested until earlier tests have ended',
  },
  'shutting-down': { status: 503, title: 'The service is shutting down' },
  'vantage-down': { status: 503, title: 'The vantage is down, so nothing is tested from it' },
  'testing-off': { status: 503, title: 'Testing is switched off' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemSlug = keyof typeof PROBLEMS

/** Returns the `type` of a problem. */
export const problemType = (slug: ProblemSlug) => `urn:relay-tests:problem:${slug}`

/** The body of every error. */
export const problem = z
  .object({
    type: z.string().meta({ examples: ['urn:relay-tests:problem:invalid-request'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do. For people; its wording may change.' }),
    instance: z
      .string()
      .meta({ description: 'The request id. The `Request-Id` header and the logs have the same one.' }),
    errors: z
      .array(
        z.object({
          detail: z.string().meta({ description: 'What the member must be.' }),
          pointer: z.string().meta({ description: 'JSON Pointer (RFC 6901) to the member that is wrong.' }),
        }),
      )
      .optional(),
    violatedPolicies: z
      .array(z.string())
      .optional()
      .meta({ description: 'The names of the quotas that are used up, as in `RateLimit-Policy`.' }),
    lastTest: z
      .object({
        id: z.uuid(),
        finishedAt: z.string().meta({ format: 'date-time' }),
        verdict: z.enum(VERDICTS),
      })
      .optional()
      .meta({
        description: 'The newest result of the address, if its quota is used up and this key may read the result.',
      }),
  })
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof problem>

/** The newest result of an address that may not be tested again yet. */
export type LastTest = NonNullable<Problem['lastTest']>

/** One entry of `errors`: a member of the request that is wrong. */
export type FieldError = NonNullable<Problem['errors']>[number]
