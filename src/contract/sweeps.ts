/** Sweeps: one request tests many servers, and compares them with the sweep of the same name before it. */
import { z } from 'zod'
import { identifier } from './ids.ts'
import { durationMs } from './limits.ts'
import { knownMailbox } from './mailbox.ts'
import { domainMember, ipMember, portMember, referenceMember } from './target.ts'
import { PROOFS, REASONS, SUITES, SWEEP_CHANGES, SWEEP_STATES, SWEEP_STATUSES, VERDICTS } from './words.ts'

/** The most targets of one sweep. */
export const SWEEP_TARGETS = 100_000

const SPREAD = 'must be a time such as "30m", "6h" or "2d", at most 7 days'
const LONGEST_SPREAD_MS = durationMs('7d')

const time = z.string().meta({ format: 'date-time' })
export const sweepName = z
  .string({ error: 'must be a name, such as "weekly"' })
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be a name of 1 to 64 letters, digits, dots, hyphens, underscores')

/** The time over which a sweep is spread, as requests and SWEEPS_FILE write it. */
export const spread = z
  .string({ error: SPREAD })
  .regex(/^[1-9]\d{0,3}[smhd]$/, SPREAD)
  .refine((text) => durationMs(text) <= LONGEST_SPREAD_MS, SPREAD)

/** The customers of a sweep. */
export const sweepCustomers = z.union(
  [z.literal('all'), z.array(identifier).min(1, 'must name a customer').max(10_000, 'must have at most 10000 ids')],
  { error: 'must be "all", or a list of ids of customers' },
)

const UNKNOWN = 'unknown member: remove it'

/** One target of a request. sweeps/request.ts also checks its address and its port. */
export const sweepTarget = z
  .strictObject(
    {
      ip: ipMember.meta({
        description: 'The address of the mail server.',
        format: 'ip',
        examples: ['203.0.113.25'],
      }),
      port: portMember.default(25).meta({ description: 'Default: 25.' }),
      domain: domainMember.optional(),
      knownMailbox: knownMailbox.optional(),
      reference: referenceMember.optional(),
    },
    {
      error: ({ code }) =>
        code === 'unrecognized_keys' ? UNKNOWN : 'must be an object, such as {"ip": "203.0.113.25"}',
    },
  )
  .meta({ description: 'The members mean the same as those of a relay test.' })
export type SweepTargetRequest = z.output<typeof sweepTarget>

/** The members of a request that are not its targets. */
const members = {
  name: sweepName.meta({
    description: 'A sweep is compared with the last one of the same name. Only one sweep of a name runs at a time.',
    examples: ['weekly'],
  }),
  customers: sweepCustomers.optional().meta({
    description: "Tests the `servers` of these customers, as the provider's list has them. Either this or `targets`.",
  }),
  suite: z
    .enum(SUITES, { error: `must be one of ${SUITES.join(', ')}` })
    .default('standard')
    .meta({ description: 'Default: `standard`.' }),
  proof: z
    .enum(PROOFS, { error: `must be one of ${PROOFS.join(', ')}` })
    .optional()
    .meta({ description: 'As in `POST /relay-tests`.' }),
  spread: spread.optional().meta({
    description:
      'The tests begin evenly within this time, such as `6h`. Without it, they begin as soon as there is room for them.',
    examples: ['6h'],
  }),
}

const UNKNOWN_OR_NOT_OBJECT = {
  error: ({ code }: { readonly code?: string | undefined }) =>
    code === 'unrecognized_keys' ? UNKNOWN : 'the body must be a JSON object, such as {"name": "weekly"}',
}

const TARGETS = `must be a list of 1 to ${SWEEP_TARGETS} targets, such as [{"ip": "203.0.113.25"}]`

/** The body of `POST /sweeps`, for its documentation. */
export const sweepRequest = z
  .strictObject(
    {
      ...members,
      targets: z
        .array(sweepTarget)
        .min(1)
        .max(SWEEP_TARGETS)
        .optional()
        .meta({ description: 'The servers to test: addresses, never networks. Either this or `customers`.' }),
    },
    UNKNOWN_OR_NOT_OBJECT,
  )
  .meta({ id: 'SweepRequest' })
/** A request as a caller writes it: members with a default are optional. */
export type NewSweep = z.input<typeof sweepRequest>

/** The body of `POST /sweeps` before its targets are read: sweeps/request.ts reads up to 100,000 of them in parts. */
export const sweepFrame = z.strictObject(
  {
    ...members,
    targets: z.array(z.unknown(), { error: TARGETS }).min(1, TARGETS).max(SWEEP_TARGETS, TARGETS).optional(),
  },
  UNKNOWN_OR_NOT_OBJECT,
)

const count = (description: string) => z.int().meta({ description })

/** One sweep as the API shows it. */
export const sweep = z
  .object({
    id: z.uuid(),
    name: z.string(),
    status: z.enum(SWEEP_STATUSES),
    scheduled: z
      .boolean()
      .meta({ description: 'True if a schedule of the provider began it, false if a request did.' }),
    customers: z
      .union([z.literal('all'), z.array(z.string())])
      .nullable()
      .meta({ description: 'The customers whose servers it tests. Null if the request had `targets`.' }),
    suite: z.enum(SUITES),
    proof: z.enum(PROOFS),
    spread: z.string().nullable(),
    createdAt: time,
    finishedAt: time.nullable(),
    says: z.string().nullable().meta({
      description: 'Why the sweep does not go on now, or how it ended, in a sentence. Null if there is nothing to say.',
    }),
    progress: z.object({
      targets: count('All targets.'),
      tested: count('Targets with a verdict.'),
      skipped: count('Targets that were not tested, for example because they moved to another customer.'),
      running: count('Targets whose test has begun. Some wait for a later visit.'),
      waiting: count('Targets whose test has not begun.'),
    }),
    verdicts: z.object({ open: z.int(), closed: z.int(), inconclusive: z.int() }),
    changes: z
      .object({
        against: z
          .uuid()
          .nullable()
          .meta({ description: 'The sweep that it is compared with. Null if there is none.' }),
        opened: count('Targets that are open, and were not open before.'),
        closed: count('Targets that are closed, and were open before.'),
        new: count('Targets that the sweep before did not have.'),
        lost: count('Targets of the sweep before that this one could not test, or does not have.'),
        stillOpen: count('Targets that are open, and were open before.'),
      })
      .meta({ description: 'What has changed since the last sweep of this name.' }),
  })
  .meta({ id: 'Sweep' })
export type Sweep = z.output<typeof sweep>

/** The body of `GET /sweeps`. */
export const sweepList = z.object({ sweeps: z.array(sweep).meta({ description: 'Newest first.' }) }).meta({
  id: 'SweepList',
})
export type SweepList = z.output<typeof sweepList>

/** One target of a sweep, with its result. */
export const sweepResult = z
  .object({
    ip: z.string(),
    port: z.int(),
    domain: z.string().nullable(),
    customerId: z.string(),
    reference: z.string().nullable(),
    state: z.enum(SWEEP_STATES),
    verdict: z.enum(VERDICTS).nullable(),
    reason: z
      .string()
      .nullable()
      .meta({
        description: 'Why the verdict is inconclusive. May grow: read an unknown word as "other".',
        examples: [...REASONS],
      }),
    testId: z.uuid().nullable().meta({ description: 'The test, for `GET /relay-tests/{id}`.' }),
    finishedAt: time.nullable(),
    says: z.string().nullable().meta({ description: 'Why it was not tested, in a sentence.' }),
    change: z.enum(SWEEP_CHANGES).nullable().meta({
      description:
        '`opened`: open now, and not before. `closed`: closed now, and open before. `new`: not in the sweep before. `lost`: in the sweep before, but not tested now. Null if nothing has changed.',
    }),
    lastVerdict: z.enum(VERDICTS).nullable().meta({
      description:
        'The last verdict that was open or closed, in this sweep or an earlier one of this name. Null if there is none.',
    }),
    openSince: time.nullable().meta({
      description: 'When sweeps of this name first found it open, if the last verdict is open.',
    }),
  })
  .meta({ id: 'SweepResult' })
export type SweepResult = z.output<typeof sweepResult>

/** The body of `GET /sweeps/{id}/results`. */
export const sweepResultList = z
  .object({
    results: z.array(sweepResult),
    nextCursor: z.string().nullable().meta({
      description:
        'Where the list goes on: give it as `cursor`. Null at the end. An answer before the end may have fewer results than `limit`.',
    }),
  })
  .meta({ id: 'SweepResultList' })
export type SweepResultList = z.output<typeof sweepResultList>

const LIMIT_ADVICE = 'must be a number from 1 to 1000'
const CURSOR_ADVICE = 'must be the nextCursor of an earlier answer'

/** The query of `GET /sweeps/{id}/results`. */
export const sweepResultsQuery = z.strictObject({
  state: z
    .enum(SWEEP_STATES, { error: `must be one of ${SWEEP_STATES.join(', ')}` })
    .optional()
    .meta({ description: 'How far the target is.' }),
  verdict: z
    .enum(VERDICTS, { error: `must be one of ${VERDICTS.join(', ')}` })
    .optional()
    .meta({ description: 'The verdict.' }),
  change: z
    .enum(SWEEP_CHANGES, { error: `must be one of ${SWEEP_CHANGES.join(', ')}` })
    .optional()
    .meta({ description: 'What has changed.' }),
  customerId: identifier.optional().meta({ description: 'The customer of the server.' }),
  limit: z
    .string({ error: LIMIT_ADVICE })
    .regex(/^([1-9]\d{0,2}|1000)$/, LIMIT_ADVICE)
    .optional()
    .meta({ description: 'The highest number of results in the answer, from 1 to 1000. Without it, 100. JSON only.' }),
  cursor: z
    .string({ error: CURSOR_ADVICE })
    .regex(/^\d{1,9}$/, CURSOR_ADVICE)
    .optional()
    .meta({ description: 'The `nextCursor` of the answer before. JSON only.' }),
})
export type SweepResultsQuery = z.output<typeof sweepResultsQuery>

/** The query of `GET /sweeps`. */
export const sweepsQuery = z.strictObject({
  name: sweepName.optional().meta({ description: 'The name of the sweeps.' }),
})

/** The columns of the CSV of results, in this order. */
export const SWEEP_COLUMNS = [
  'ip',
  'port',
  'domain',
  'customerId',
  'reference',
  'state',
  'verdict',
  'reason',
  'change',
  'lastVerdict',
  'openSince',
  'finishedAt',
  'testId',
  'says',
] as const satisfies readonly (keyof SweepResult)[]
