/** The types of results that are known to be finished, so that programs need not ask for null. */
import type { RelayTestEvent as AnyEvent, WebhookEvent as AnyWebhook, RelayTest, Sweep, Verdict } from './types.ts'

/** A result with its verdict. A follow-up or a late message can still change it, until `settledAt`. */
export type FinishedRelayTest = RelayTest & {
  status: 'finished'
  verdict: Verdict
  evidence: NonNullable<RelayTest['evidence']>
  finishedAt: string
  settledAt: string
  summary: string
}

/** Results in events belong to finished tests. */
type WithVerdict<Event> = Event extends { data: RelayTest } ? Event & { data: FinishedRelayTest } : Event

/** An event of a test that is followed live. */
export type RelayTestEvent = WithVerdict<AnyEvent>

/** An event that a webhook gets. */
export type WebhookEvent = WithVerdict<AnyWebhook>

/** Whether a test has ended. If so, its verdict is known. */
export const isFinished = (test: RelayTest): test is FinishedRelayTest => test.status === 'finished'

/** A sweep that has ended: all its targets are done, or it was stopped. */
export type FinishedSweep = Sweep & { status: 'finished' | 'stopped'; finishedAt: string }

/** Whether a sweep has ended. */
export const isSweepFinished = (sweep: Sweep): sweep is FinishedSweep => sweep.status !== 'running'
