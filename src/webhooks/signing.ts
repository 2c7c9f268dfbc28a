/** Signs events by the scheme of Standard Webhooks, so that a receiver knows that they come from us. */
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import type { IdentifiedEvent } from './events.ts'

/** An event that is ready to be sent. Its body is written once, so that each attempt sends the same bytes. */
export const outgoing = z.object({
  id: z.string(),
  type: z.string(),
  timestamp: z.string(),
  body: z.string(),
})
export type Outgoing = z.output<typeof outgoing>

/** A signed event: the headers, and the body that they sign. */
export interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Returns an event that is ready to be sent. */
export const outgoingOf = ({ id, event }: IdentifiedEvent): Outgoing => ({
  id,
  type: event.type,
  timestamp: event.timestamp,
  body: JSON.stringify(event),
})

/** Returns the headers and the body of one attempt. A signature holds for five minutes, so each attempt has its own. */
export const signed = ({ id, body }: Outgoing, secret: string, at: Date): Signed => ({
  body,
  headers: {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': `${Math.floor(at.getTime() / 1000)}`,
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  },
})
