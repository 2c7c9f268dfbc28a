/** The query of `GET /relay-tests`: which tests a list has, and where it begins. */
import { z } from 'zod'
import { identifier } from './ids.ts'
import { VERDICTS } from './words.ts'

const LIMIT = 100
const LIMIT_ADVICE = `must be a number from 1 to ${LIMIT}`
const CURSOR_ADVICE = 'must be the nextCursor of an earlier answer'

export const listQuery = z.strictObject({
  ip: z.string({ error: 'must be one address' }).optional().meta({ description: 'The address that was tested.' }),
  reference: z
    .string({ error: 'must be one reference' })
    .optional()
    .meta({ description: 'The reference that the request gave.' }),
  customerId: identifier.optional().meta({ description: 'The customer of the server.' }),
  verdict: z
    .enum(VERDICTS, { error: `must be one of ${VERDICTS.join(', ')}` })
    .optional()
    .meta({ description: 'The verdict. A test that still runs has none.' }),
  since: z.iso
    .datetime({ offset: true, error: 'must be a time with a zone, such as "2026-11-29T08:00:00Z"' })
    .optional()
    .meta({ description: 'The earliest `createdAt`, such as `2026-11-29T08:00:00Z`.' }),
  limit: z
    .string({ error: LIMIT_ADVICE })
    .regex(/^([1-9]\d?|100)$/, LIMIT_ADVICE)
    .optional()
    .meta({ description: 'The highest number of tests in the answer, from 1 to 100. Without it, 20.' }),
  cursor: z
    .string({ error: CURSOR_ADVICE })
    .regex(/^\d{1,16}\.[A-Za-z0-9-]{1,64}$/, CURSOR_ADVICE)
    .optional()
    .meta({ description: 'The `nextCursor` of the answer before. Leave the other members as they were.' }),
})
