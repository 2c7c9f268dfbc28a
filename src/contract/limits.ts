import { z } from 'zod'

/** The quotas by name: what they count and for whom. The names stand in `RateLimit-Policy` and in `violatedPolicies`. */
export const QUOTAS = {
  requests: 'requests of one caller',
  'tests-caller': 'tests of one caller',
  'tests-customer': 'tests of one customer',
  'tests-target': 'tests of one address',
  'tests-network': 'tests in one network (/24, or /64 of IPv6)',
} as const
export type QuotaName = keyof typeof QUOTAS

/** How many in which fixed window. */
export interface Quota {
  readonly max: number
  readonly windowMs: number
}

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A quota as files and environment write it: `60/1h` is 60 in each hour. Units: s, m, h, d. */
export const quotaText = z
  .string({ error: 'a quota such as "60/1h" was expected' })
  .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,3}[smhd]$/, 'a quota such as "60/1h" was expected')
  .transform((text): Quota => {
    const [max = '', window = ''] = text.split('/')
    return { max: Number(max), windowMs: Number.parseInt(window, 10) * (UNITS[window.slice(-1)] ?? 0) }
  })

/** The body of `GET /limits`. */
export const limits = z
  .object({
    caller: z.string(),
    customers: z
      .union([z.literal('all'), z.array(z.string())])
      .meta({ description: 'Whose servers this key may test.' }),
    quotas: z.array(
      z.object({
        name: z.string().meta({ examples: Object.keys(QUOTAS) }),
        counts: z.string(),
        limit: z.int(),
        windowSeconds: z.int(),
        remaining: z.int().nullable().meta({ description: 'Null where it depends on the address.' }),
        resetSeconds: z.int().nullable(),
      }),
    ),
    concurrentTests: z.int().meta({ description: 'How many tests this key may have running at once.' }),
    ports: z.array(z.int()).meta({ description: 'The ports that may be tested.' }),
  })
  .meta({ id: 'Limits' })
export type Limits = z.output<typeof limits>
