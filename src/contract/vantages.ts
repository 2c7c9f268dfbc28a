import { z } from 'zod'
import { CHECK_OUTCOMES, VANTAGE_CHECKS, VANTAGE_STATES } from './words.ts'

/** What a vantage may be called. */
export const VANTAGE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/

const check = z
  .object({
    name: z.string().meta({
      description: 'What was looked at. May grow: read an unknown word as "other".',
      examples: [...VANTAGE_CHECKS],
    }),
    outcome: z
      .enum(CHECK_OUTCOMES)
      .meta({ description: 'Skipped where there is nothing to look at, or nobody to ask.' }),
    detail: z.string().meta({ description: 'What came of it, in one sentence.' }),
  })
  .meta({ id: 'VantageCheck' })
export type VantageCheck = z.output<typeof check>

const vantage = z
  .object({
    name: z.string().meta({ examples: ['syd-1'] }),
    ehlo: z.string().nullable().meta({ description: 'The name it gives in EHLO; null stands for an address literal.' }),
    publicIps: z.array(z.string()).meta({
      description: 'Where its tests come from, as the world sees it; empty where the routing table decides.',
      examples: [['198.51.100.7', '2001:db8:51::7']],
    }),
    families: z.array(z.enum(['IPv4', 'IPv6'])).meta({ description: 'The IP versions that it can test over.' }),
    state: z.enum(VANTAGE_STATES).meta({
      description: 'Nothing is tested from one that is down. Unknown until it has been looked at for the first time.',
    }),
    checkedAt: z.string().meta({ format: 'date-time' }).nullable(),
    checks: z.array(check).meta({
      description:
        'A failed `source-address` or `proxy` means that the vantage is down; any other is a warning: servers may refuse us for it.',
    }),
  })
  .meta({ id: 'Vantage' })
export type VantageView = z.output<typeof vantage>

/** The body of `GET /vantages`. */
export const vantageList = z
  .object({ vantages: z.array(vantage).meta({ description: 'The first is what tests come from by default.' }) })
  .meta({ id: 'VantageList' })
export type VantageList = z.output<typeof vantageList>
