/** Defines the runs of one test, one for each vantage that asked the server, and adds late mail to them. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { ProbeResult } from '../probe/probe.ts'
import { assess, wasSent } from '../relay/assess.ts'
import type { ReceivedMail } from '../relay/attempt.ts'
import { saysMore } from './arrivals.ts'

/** The visits from one vantage, and their answers together. */
export interface VantageRun {
  readonly vantage: RelayTest['vantage']
  readonly found: ProbeResult
  /** The numbers of the first and the last connection of each visit. */
  readonly visits: readonly (readonly [first: number, last: number])[]
}

/** Returns the run that opened a connection. */
export const runOf = (runs: VantageRuns, connection: number): VantageRun | undefined =>
  listOf(runs).find(({ visits }) => visits.some(([first, last]) => first <= connection && connection <= last))

/** The runs of a test: of its first vantage, and of a second one if there was one. */
export type VantageRuns = readonly [first: VantageRun, second?: VantageRun]

/** Returns all runs of a test, the first vantage first. */
export const listOf = ([first, second]: VantageRuns): readonly VantageRun[] => (second ? [first, second] : [first])

/** Applies a change to each run. */
const mapRuns = ([first, second]: VantageRuns, change: (run: VantageRun) => VantageRun): VantageRuns =>
  second ? [change(first), change(second)] : [change(first)]

/** Returns runs with all mail that arrived for the earlier runs of the same test. */
export function withSeenOf(runs: VantageRuns, earlier: VantageRuns): VantageRuns {
  let seen = runs
  for (const { attempt } of listOf(earlier).flatMap(({ found }) => found.observations.rows)) {
    if (attempt.seen) seen = withSeen(seen, attempt.form.id, attempt.seen) ?? seen
  }
  return seen
}

/**
 * Returns the runs with mail that arrived for a form; null if it says no more than is known. If both vantages sent a
 * message for that form, it counts for both: the two messages have the same secrets.
 */
export function withSeen(runs: VantageRuns, form: string, seen: ReceivedMail): VantageRuns | null {
  const isSender = ({ found }: VantageRun) =>
    found.observations.rows.some(({ attempt }) => attempt.form.id === form && wasSent(attempt))
  const senders = listOf(runs).filter(isSender)
  let isNews = false
  const changed = mapRuns(runs, (run) => {
    if (senders.length > 0 && !senders.includes(run)) return run
    const { names } = run.found.observations
    const rows = run.found.observations.rows.map((row) => {
      if (row.attempt.form.id !== form || !saysMore(seen, row.attempt.seen)) return row
      isNews = true
      return assess({ ...row.attempt, seen }, names)
    })
    return { ...run, found: { ...run.found, observations: { ...run.found.observations, rows } } }
  })
  return isNews ? changed : null
}
