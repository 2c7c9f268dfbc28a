/** Sends a ping to the webhook of a caller, for check.js, and says how the receiver answered. */
import { randomUUID } from 'node:crypto'
import type { Webhook } from '../access/callers.ts'
import { deliver } from './delivery.ts'
import type { DestinationFacts } from './destination.ts'
import { pingAt } from './events.ts'
import { outgoingOf } from './signing.ts'

/** How much of an answer is shown, in characters. */
const SHOWN = 200

/** Sends one ping. Returns whether it was taken, and a sentence for people. */
export async function ping(webhook: Webhook, around: DestinationFacts): Promise<{ taken: boolean; says: string }> {
  const sent = outgoingOf(pingAt(randomUUID(), new Date()))
  const delivered = await deliver(sent, webhook, 1, around, new AbortController().signal)
  const body = printable(delivered.answer?.text ?? '')
  const quoted = body === '' ? '' : `: "${body}"`
  switch (delivered.outcome) {
    case 'delivered':
      return { taken: true, says: `the webhook took the ping: it answered ${delivered.answer.status}${quoted}` }
    case 'gone':
      return { taken: false, says: 'the webhook answered 410: the service would switch it off. Set another url' }
    case 'failed':
      return { taken: false, says: `the webhook did not take the ping: ${delivered.why}${quoted}` }
  }
}

/** Returns the start of a text without control characters, so that an answer cannot change the terminal. */
const printable = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, SHOWN)
