/** The answers of the health endpoints. */
import { z } from 'zod'
import { VANTAGE_STATES } from './words.ts'

/** The body of `GET /livez`: the process is running. */
export const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' })
export type Liveness = z.output<typeof liveness>

/** The body of `GET /readyz`: whether to send requests here, and the state of vantages and configuration files. */
export const readiness = z
  .object({
    status: z.enum(['ok', 'shutting-down']),
    redis: z.enum(['up', 'down', 'memory-lost']).nullable().meta({
      description:
        'Down: requests with a key get 503 until Redis is up again. Memory-lost: Redis is new, or has lost what it stored; new tests get 503 until every earlier test has ended. Null if Redis is not used.',
    }),
    vantages: z.record(z.string(), z.enum(VANTAGE_STATES)).meta({
      description:
        'The state of each vantage, by name. Tests from a vantage that is down get 503; `GET /vantages` says why.',
    }),
    files: z.record(
      z.string(),
      z.object({
        loadedAt: z.string().meta({ format: 'date-time' }),
        error: z.string().nullable().meta({
          description:
            'Why the newest version of the file was rejected. The last good version stays in use. Null if there is no error.',
        }),
      }),
    ),
  })
  .meta({ id: 'Readiness' })
export type Readiness = z.output<typeof readiness>
