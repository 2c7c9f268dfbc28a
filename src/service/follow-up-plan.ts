/** Decides when a server is visited again (docs/verdict.md, rule 6). Pure: it uses only the answers of the visits. */
import { mayPass, waitSaid } from '../relay/later.ts'
import { judgeTogether } from '../relay/two-vantages.ts'
import { listOf, type VantageRuns } from './vantage-runs.ts'

/** The rules of follow-ups. Times are in milliseconds. */
export interface FollowUpRules {
  /** The pause before each follow-up, if the server names no time. There are at most as many follow-ups as pauses. */
  readonly pausesMs: readonly number[]
  /** The longest wait that a server may ask for. */
  readonly longestMs: number
  /** How long a visit lasts at most. */
  readonly visitMs: number
}

/** Returns how many follow-ups of one replica run at the same time, beside its tests. */
export const followUpsAtOnce = (tests: number): number => Math.max(1, Math.floor(tests / 4))

/** Returns how many tests and follow-ups of one replica run at the same time. */
export const atOnce = (tests: number): number => tests + followUpsAtOnce(tests)

/** A server that names 300 seconds may still refuse after 299.9. */
const MARGIN_MS = 2_000

/**
 * Returns how long to wait before the next visit, in milliseconds: the time that the server named, otherwise the next
 * pause. Null if there is no next visit, or if the server asks for more than `longestMs`.
 *
 * @param done the number of follow-ups so far
 */
export function nextWait(runs: VantageRuns, done: number, { pausesMs, longestMs }: FollowUpRules): number | null {
  const pause = pausesMs[done]
  if (pause === undefined) return null
  const observations = listOf(runs).map(({ found }) => found.observations)
  const [first, second] = observations
  if (!first || !mayPass(judgeTogether(first, second ?? null).judgement, observations)) return null
  const said = waitSaid(observations)
  const wait = said === null ? pause : said + MARGIN_MS
  return wait <= longestMs ? wait : null
}
