/** Amends a finished test when its message arrives late. */
import type { ProbeResult } from '../probe/probe.ts'
import { assess } from '../relay/assess.ts'
import type { Seen } from '../relay/attempt.ts'
import { type Expectation, saysMore } from './arrivals.ts'

/**
 * Calls `amended` each time that new mail of a test arrives, with the run and all arrivals so far. Only a message that
 * was not refused can arrive (rule 9 of docs/verdict.md).
 *
 * @param limits how many milliseconds late mail counts, and how many characters this keeps in memory
 */
export function amendLater(
  expectation: Expectation | null,
  found: ProbeResult,
  { forMs, weight }: { readonly forMs: number; readonly weight: number },
  amended: (seen: ProbeResult) => void,
): void {
  const settledAt = performance.now() + forMs
  let known = found
  expectation?.settle((form, seen) => {
    if (performance.now() >= settledAt || isKnown(known, form, seen)) return
    known = withSeen(known, form, seen)
    amended(known)
  }, weight)
}

const isKnown = ({ observations }: ProbeResult, form: string, seen: Seen): boolean =>
  observations.rows.some(({ attempt }) => attempt.form.id === form && !saysMore(seen, attempt.seen))

function withSeen(run: ProbeResult, form: string, seen: Seen): ProbeResult {
  const { rows, names } = run.observations
  const seenRows = rows.map((row) => (row.attempt.form.id === form ? assess({ ...row.attempt, seen }, names) : row))
  return { ...run, observations: { ...run.observations, rows: seenRows } }
}
