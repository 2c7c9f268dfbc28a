/** Quotas: their names, how they are written in files and environment, and the answer of `GET /limits`. */
import { z } from 'zod'
import { identifier } from './ids.ts'

/** The quotas, and what each counts. `RateLimit-Policy` and `violatedPolicies` use these names. */
export const QUOTAS = {
  requests: 'requests of one caller',
  'sweeps-caller': 'sweeps that one caller has asked for',
  'tests-caller': 'tests of one caller',
  'tests-customer': 'tests of one customer',
  'tests-target': 'tests of one port of an address',
  'tests-network': 'tests of one customer in one network (/24, or /64 of IPv6)',
} as const
export type QuotaName = keyof typeof QUOTAS

/** At most `max` in each fixed window of `windowMs` milliseconds. */
export interface Quota {
  readonly max: number
  readonly windowMs: number
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Returns a duration such as `10m` in milliseconds. The units are s, m, h and d. */
export const durationMs = (text: string): number => Number.parseInt(text, 10) * (UNITS[text.slice(-1)] ?? 0)

/** Reads a quota as files and environment write it: `60/1h` means 60 per hour. The units are s, m, h and d. */
export const quotaText = z
  .string({ error: 'must be a quota such as "60/1h"' })
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,3}[smhd]$/, 'must be a quota such as "60/1h"')
  .transform((text): Quota => {
    const [max = '', window = ''] = text.split('/')
    return { max: Number(max), windowMs: durationMs(window) }
  })

/** The query of `GET /limits`: a target, to see the quotas that depend on it too. */
export const limitsQuery = z.strictObject({
  ip: z
    .string({ error: 'must be one address' })
    .optional()
    .meta({ description: 'Also shows the quotas of a test of this address.' }),
  port: z
    .string({ error: 'must be one port' })
    .regex(/^[1-9]\d{0,4}$/, 'must be a port')
    .optional()
    .meta({ description: 'The port of the test. Without it, 25.' }),
  customerId: identifier.optional().meta({ description: 'The customer, if several have the address.' }),
})

/** The body of `GET /limits`. */
export const limits = z
  .object({
    caller: z.string(),
    customers: z
      .union([z.literal('all'), z.array(z.string())])
      .meta({ description: 'The customers whose servers this key may test.' }),
    quotas: z.array(
      z.object({
        name: z.string().meta({ examples: Object.keys(QUOTAS) }),
        counts: z.string().meta({ description: 'What the quota counts.' }),
        limit: z.int().meta({ description: 'The highest count in one window.' }),
        windowSeconds: z.int(),
        remaining: z
          .int()
          .nullable()
          .meta({ description: 'Null for a quota that depends on the address, if the query names none.' }),
        resetSeconds: z.int().nullable().meta({
          description:
            'Seconds until the window ends. Null for a quota that depends on the address, if the query names none.',
        }),
        resetsAt: z.string().nullable().meta({
          format: 'date-time',
          description: 'When the window ends. Null while no window is open, or if `resetSeconds` is null.',
        }),
      }),
    ),
    concurrentTests: z.int().meta({ description: 'The number of tests that this key may run at the same time.' }),
    waitingTests: z.int().meta({
      description:
        'The number of tests that may wait for a slot, of all keys together. Only tests with `Prefer: respond-async` wait.',
    }),
    ports: z.array(z.int()).meta({ description: 'The ports that may be tested.' }),
  })
  .meta({ id: 'Limits' })
export type Limits = z.output<typeof limits>
