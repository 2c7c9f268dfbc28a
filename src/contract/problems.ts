/** The answer to a request that the service turns down (RFC 9457), and the page that explains it. */
import { z } from 'zod'
import type { PROBLEMS } from './problem-catalogue.ts'
import { VERDICTS } from './words.ts'

export type ProblemSlug = keyof typeof PROBLEMS

/** Returns the `type` of a problem. */
export const problemType = (slug: ProblemSlug) => `urn:relay-tests:problem:${slug}`

/** Returns the `help` of a problem: the path of the page that explains it, like `Location` without scheme and host. */
export const helpPath = (slug: ProblemSlug) => `/problems/${slug}`

/** The member `type`, for every schema that has it. */
export const typeMember = z.string().meta({
  description:
    'The kind of the problem, for programs. It never changes. New ones may be added: read those by `status`.',
  examples: [problemType('invalid-request')],
})

/** The member `help`, for every schema that has it. */
export const helpMember = z.string().meta({
  description: 'The path of a page of this service that explains the problem, with an example and the fix.',
  format: 'uri-reference',
  examples: [helpPath('invalid-request')],
})

/** The body of every error. */
export const problem = z
  .object({
    type: typeMember,
    title: z.string().meta({ description: 'What has happened, in a few words. The same for each `type`.' }),
    status: z.int().meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'What happened and what to do. For people; its wording may change.' }),
    instance: z
      .string()
      .meta({ description: 'The request id. The `Request-Id` header and the logs have the same one.' }),
    help: helpMember,
    errors: z
      .array(
        z.object({
          detail: z.string().meta({ description: 'What the member must be.' }),
          pointer: z.string().meta({
            description:
              'JSON Pointer (RFC 6901) to the member of the body that is wrong, such as `/ip`; empty for the whole body. For a parameter of the query, a slash and its name.',
          }),
        }),
      )
      .optional()
      .meta({ description: 'Every member or parameter of the request that is wrong.' }),
    violatedPolicies: z
      .array(z.string())
      .optional()
      .meta({ description: 'The names of the quotas that are used up, as in `RateLimit-Policy`.' }),
    lastTest: z
      .object({
        id: z.uuid(),
        port: z.int(),
        finishedAt: z.string().meta({ format: 'date-time' }),
        verdict: z.enum(VERDICTS),
      })
      .optional()
      .meta({
        description:
          'The newest result of this port of the address, if its quota is used up and this key may read the result.',
      }),
  })
  .meta({ id: 'Problem' })
export type Problem = z.output<typeof problem>

/** The newest result of an address that may not be tested again yet. */
export type LastTest = NonNullable<Problem['lastTest']>

/** One entry of `errors`: a member of the request that is wrong. */
export type FieldError = NonNullable<Problem['errors']>[number]
