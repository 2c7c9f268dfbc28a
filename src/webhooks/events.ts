/** Decides which events a result causes. Pure, so that every case can be tested. */
import { type RelayTest, type RelayTestSummary, summaryOf } from '../contract/relay-test.ts'
import type { Sweep } from '../contract/sweeps.ts'
import type { WebhookEvent } from '../contract/webhooks.ts'
import { isConclusive, lastVerdict } from '../service/last-verdict.ts'

/** An event with its id, which stays the same each time that it is sent. */
export interface IdentifiedEvent {
  readonly id: string
  readonly event: WebhookEvent
}

/**
 * Returns the events of a test that has ended, in the order in which they are sent.
 *
 * @param earlier the results of the same address, newest first
 */
export function eventsOfFinished(result: RelayTest, earlier: readonly RelayTestSummary[]): IdentifiedEvent[] {
  const timestamp = result.finishedAt ?? result.createdAt
  return [
    ...ofOneTest(result, {
      id: `${result.id}-finished`,
      event: { type: 'relay-test.finished', timestamp, data: result },
    }),
    ...changeFrom(lastVerdict(result, earlier), result, timestamp, ''),
  ]
}

/**
 * Returns the events of a result that late mail or a follow-up has changed. The new verdict is compared with the one
 * before the change. If that was inconclusive, it is compared with the last verdict of an earlier test.
 */
export function eventsOfAmended(
  result: RelayTest,
  before: RelayTest,
  earlier: readonly RelayTestSummary[],
): IdentifiedEvent[] {
  const timestamp = result.amendedAt ?? result.createdAt
  const suffix = `-${Date.parse(timestamp)}`
  const last = isConclusive(before) ? summaryOf(before) : lastVerdict(result, earlier)
  const id = `${result.id}-amended${suffix}`
  return [
    ...ofOneTest(result, { id, event: { type: 'relay-test.amended', timestamp, data: result } }),
    ...changeFrom(last, result, timestamp, suffix),
  ]
}

/** Returns the event of a sweep that has ended. */
export const eventOfSweep = (sweep: Sweep): IdentifiedEvent => ({
  id: `${sweep.id}-${sweep.status}`,
  event: { type: 'sweep.finished', timestamp: sweep.finishedAt ?? sweep.createdAt, data: sweep },
})

/** Returns the event of one test; none if the test belongs to a sweep, which has an event of its own. */
const ofOneTest = ({ sweepId }: RelayTest, message: IdentifiedEvent): IdentifiedEvent[] =>
  sweepId === null ? [message] : []

/** Returns an event that only shows whether a webhook works. */
export const pingAt = (id: string, at: Date): IdentifiedEvent => ({
  id: `ping-${id}`,
  event: { type: 'ping', timestamp: at.toISOString(), data: {} },
})

/** Returns the event of a changed verdict; none if the verdict is the same. */
function changeFrom(
  earlier: RelayTestSummary | null,
  result: RelayTest,
  timestamp: string,
  suffix: string,
): IdentifiedEvent[] {
  if (earlier === null || !isConclusive(result) || earlier.verdict === result.verdict) return []
  const type = result.verdict === 'open' ? 'server.opened' : 'server.closed'
  const id = `${result.id}-${result.verdict === 'open' ? 'opened' : 'closed'}${suffix}`
  return [{ id, event: { type, timestamp, data: { ...result, earlier } } }]
}
