/** The events that a caller's webhook gets, by the scheme of Standard Webhooks (standardwebhooks.com). */
import { z } from 'zod'
import { relayTest, relayTestSummary } from './relay-test.ts'
import { sweep } from './sweeps.ts'

const CHANGE = 'The whole result, and a summary of the last clear result before it, which had another verdict.'

/** A result, and the last clear result of the same server before it, which had another verdict. */
const change = relayTest
  .extend({
    earlier: relayTestSummary.meta({
      description:
        'The last result of this server that was open or closed. It can be this test itself, before late mail or a follow-up changed it.',
    }),
  })
  .meta({ id: 'ServerChange', description: CHANGE })

const timestamp = z.string().meta({ format: 'date-time', description: 'When it happened.' })

/** The body of one webhook. Each event has its id in the header `webhook-id`. */
export const webhookEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('relay-test.finished'), timestamp, data: relayTest }),
    z.object({ type: z.literal('relay-test.amended'), timestamp, data: relayTest }),
    z.object({ type: z.literal('server.opened'), timestamp, data: change }),
    z.object({ type: z.literal('server.closed'), timestamp, data: change }),
    z.object({ type: z.literal('sweep.finished'), timestamp, data: sweep }),
    z.object({ type: z.literal('ping'), timestamp, data: z.object({}) }),
  ])
  .meta({
    id: 'WebhookEvent',
    description:
      'The body of a webhook. `relay-test.finished`: a test that you asked for has ended. `relay-test.amended`: its result has changed after its end, because a message arrived late, or a follow-up was made or cancelled; the verdict may be the same. `server.opened` and `server.closed`: the verdict on a server has changed; a first verdict is no change, and inconclusive tests do not count. `sweep.finished`: a sweep that you asked for, or that is scheduled for you, has ended or was stopped; its tests cause no `relay-test` events. `ping`: your provider tries your webhook. New types may be added: ignore those that you do not know.',
  })
export type WebhookEvent = z.output<typeof webhookEvent>
