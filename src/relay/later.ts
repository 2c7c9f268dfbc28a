/** Decides whether a later visit may settle a test, and reads how long the server asks us to wait (rule 6). */
import type { Reason } from '../contract/words.ts'
import type { Judgement } from './judgement.ts'
import type { Observations } from './observations.ts'
import { waitIn } from './retry-times.ts'

/** Reasons that often pass with time. */
const PASSING: ReadonlySet<Reason> = new Set<Reason>([
  'vantage-failed',
  'vantage-banned',
  'greylisted',
  'throttled',
  'server-trouble',
  'connect-timeout',
  'connection-refused',
  'unreachable',
  'dropped',
  'connection-limit',
  'deadline',
])

/** Reasons that often pass with time, if every refusal behind them was temporary (4xx). */
const PASSING_IF_TEMPORARY: ReadonlySet<Reason> = new Set<Reason>(['vantage-blocked', 'greeting-refused', 'tls-failed'])

/**
 * Whether a later visit may learn more.
 *
 * @param runs what each vantage observed
 */
export function mayPass({ reason, decisive }: DecidingAnswer, runs: readonly Observations[]): boolean {
  if (reason === null) return false
  if (PASSING.has(reason)) return true
  return PASSING_IF_TEMPORARY.has(reason) && runs.every((run) => isTemporary(run, new Set(decisive)))
}

type DecidingAnswer = Pick<Judgement, 'reason' | 'decisive'>

/** Whether no deciding reply was a 5xx. */
const isTemporary = ({ rows, turnedAway }: Observations, deciding: ReadonlySet<number>): boolean =>
  [...rows.flatMap(({ decisive }) => decisive ?? []), ...(turnedAway ? [turnedAway] : [])].every(
    ({ reply, at }) => reply.code < 500 || !at.some((index) => deciding.has(index)),
  )

/** Returns the longest wait that a temporary refusal names, in milliseconds; null if none names a wait. */
export function waitSaid(runs: readonly Observations[]): number | null {
  const replies = runs.flatMap(({ rows, turnedAway }) => [
    ...rows.flatMap(({ decisive }) => decisive?.reply ?? []),
    ...(turnedAway ? [turnedAway.reply] : []),
  ])
  const waits = replies.flatMap((reply) => (reply.code >= 400 && reply.code < 500 ? (waitIn(reply) ?? []) : []))
  return waits.length > 0 ? Math.max(...waits) : null
}
