/** The vantages and their self-checks, as `GET /vantages` shows them. */
import { z } from 'zod'
import { CHECK_OUTCOMES, VANTAGE_CHECKS, VANTAGE_STATES } from './words.ts'

/** The names that a vantage may have. */
export const VANTAGE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/

const check = z
  .object({
    name: z.string().meta({
      description: 'What was checked. May grow: read an unknown word as "other".',
      examples: [...VANTAGE_CHECKS],
    }),
    outcome: z
      .enum(CHECK_OUTCOMES)
      .meta({ description: 'Skipped if there was nothing to check, or if no server could answer.' }),
    detail: z.string().meta({ description: 'The result of the check, in one sentence.' }),
  })
  .meta({ id: 'VantageCheck' })
export type VantageCheck = z.output<typeof check>

const vantage = z
  .object({
    name: z.string().meta({ examples: ['syd-1'] }),
    ehlo: z
      .string()
      .nullable()
      .meta({ description: 'The host name that it sends in EHLO. Null: it sends its address as a literal.' }),
    publicIps: z.array(z.string()).meta({
      description:
        'The addresses that mail servers see its tests come from. Empty if the routing table chooses the address.',
      examples: [['198.51.100.7', '2001:db8:51::7']],
    }),
    families: z.array(z.enum(['IPv4', 'IPv6'])).meta({ description: 'The IP versions that it can test with.' }),
    state: z.enum(VANTAGE_STATES).meta({
      description: 'A vantage that is down is not used for tests. Unknown until the first check has ended.',
    }),
    checkedAt: z.string().meta({ format: 'date-time' }).nullable(),
    checks: z.array(check).meta({
      description:
        'If `source-address` or `proxy` failed, the vantage is down. Every other failure is a warning: mail servers may refuse us because of it.',
    }),
  })
  .meta({ id: 'Vantage' })
export type VantageView = z.output<typeof vantage>

/** The body of `GET /vantages`. */
export const vantageList = z
  .object({
    vantages: z.array(vantage).meta({ description: 'Tests use the first vantage by default, if it fits the address.' }),
  })
  .meta({ id: 'VantageList' })
export type VantageList = z.output<typeof vantageList>
