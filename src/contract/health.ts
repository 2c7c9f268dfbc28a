import { z } from 'zod'
import { VANTAGE_STATES } from './words.ts'

/** The body of `GET /livez`: the process runs. */
export const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' })

/** The body of `GET /readyz`: whether new requests should come here, and the state of vantages and configuration files. */
export const readiness = z
  .object({
    status: z.enum(['ok', 'shutting-down']),
    redis: z
      .enum(['up', 'down'])
      .nullable()
      .meta({ description: 'Down: requests with a key are answered by 503 until it is up. Null where none is used.' }),
    vantages: z.record(z.string(), z.enum(VANTAGE_STATES)).meta({
      description: 'By name. Tests from one that is down are refused with 503; `GET /vantages` says why.',
    }),
    files: z.record(
      z.string(),
      z.object({
        loadedAt: z.string().meta({ format: 'date-time' }),
        error: z.string().nullable().meta({
          description: 'Why the newest version of the file was refused; the last good one is in use.',
        }),
      }),
    ),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.output<typeof readiness>
