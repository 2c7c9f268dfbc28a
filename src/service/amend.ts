/** Amends a finished test when its message arrives late. */
import type { ProbeResult } from '../probe/probe.ts'
import { assess } from '../relay/assess.ts'
import type { Seen } from '../relay/attempt.ts'
import { type Expectation, saysMore } from './arrivals.ts'
import { type FinishedTest, fromBytes, toBytes } from './settled.ts'

/**
 * Calls `amended` each time that new mail of a test arrives, with the test and all arrivals so far. Only a message that
 * was not refused can arrive (rule 9 of docs/verdict.md).
 *
 * @param amended must not hold on to the test itself: it is kept for a day
 */
export function amendLater(
  expectation: Expectation | null,
  finished: FinishedTest,
  amended: (seen: FinishedTest) => void,
): void {
  const settledAt = performance.now() + finished.circumstances.amendableMs
  const kept = { bytes: toBytes(finished) }
  expectation?.settle(amendment(kept, settledAt, amended), kept.bytes.length)
}

/** Returns what an arrival does. Apart from `amendLater`, so that it cannot hold on to the test as objects. */
const amendment =
  (kept: { bytes: Buffer }, settledAt: number, amended: (seen: FinishedTest) => void) =>
  (form: string, seen: Seen): void => {
    if (performance.now() >= settledAt) return
    const known = fromBytes(kept.bytes)
    if (isKnown(known.run, form, seen)) return
    const now = { ...known, run: withSeen(known.run, form, seen) }
    kept.bytes = toBytes(now)
    amended(now)
  }

const isKnown = ({ observations }: ProbeResult, form: string, seen: Seen): boolean =>
  observations.rows.some(({ attempt }) => attempt.form.id === form && !saysMore(seen, attempt.seen))

function withSeen(run: ProbeResult, form: string, seen: Seen): ProbeResult {
  const { rows, names } = run.observations
  const seenRows = rows.map((row) => (row.attempt.form.id === form ? assess({ ...row.attempt, seen }, names) : row))
  return { ...run, observations: { ...run.observations, rows: seenRows } }
}
