/** Shows sweeps and their results to callers. */
import type { Sweep, SweepResult, SweepResultsQuery } from '../contract/sweeps.ts'
import { PART, type StoredSweep, type SweepRow, type Sweeps, type SweepTarget } from '../store/sweeps.ts'

/** Returns a sweep as callers see it. */
export function sweepView({ record, status, finishedAt, says, counts }: StoredSweep): Sweep {
  const { id, name, scheduled, customers, suite, proof, spread, createdAt, targets, against } = record
  const { running, tested, skipped, open, closed, inconclusive } = counts
  const { opened, closedAgain, isNew, lost, stillOpen } = counts
  return {
    id,
    name,
    status,
    scheduled,
    customers,
    suite,
    proof,
    spread,
    createdAt,
    finishedAt,
    says,
    progress: { targets, tested, skipped, running, waiting: targets - tested - skipped - running },
    verdicts: { open, closed, inconclusive },
    changes: { against, opened, closed: closedAgain, new: isNew, lost, stillOpen },
  }
}

/** The conditions of the results that are shown. Undefined ones do not count. */
export type ResultFilter = Pick<SweepResultsQuery, 'state' | 'verdict' | 'change' | 'customerId'>

/** A part of the results. `next` is the position at which they go on; null at the end. */
export interface ResultPage {
  readonly results: readonly SweepResult[]
  readonly next: number | null
}

/** How many targets are read for one page at most: a filter may leave out most. */
const READ = 20 * PART

/** Returns up to `limit` results from a position on. A page before the end may be shorter. */
export async function pageOf(
  sweep: StoredSweep,
  sweeps: Sweeps,
  filter: ResultFilter,
  { from, limit }: { readonly from: number; readonly limit: number },
): Promise<ResultPage> {
  const results: SweepResult[] = []
  let at = from
  for (const end = from + READ; at < end; ) {
    const found = await resultsAt(sweep, sweeps, at)
    if (found.length === 0) return { results, next: null }
    for (const result of found) {
      if (results.length === limit) return { results, next: at }
      at += 1
      if (fits(result, filter)) results.push(result)
    }
  }
  return { results, next: at }
}

/** Yields all results in parts. */
export async function* allOf(
  sweep: StoredSweep,
  sweeps: Sweeps,
  filter: ResultFilter,
): AsyncGenerator<readonly SweepResult[]> {
  for (let at = 0; ; ) {
    const found = await resultsAt(sweep, sweeps, at)
    if (found.length === 0) return
    at += found.length
    yield found.filter((result) => fits(result, filter))
  }
}

/** Returns the next results from a position on: first those of its targets, then those of targets that are lost. */
async function resultsAt({ record }: StoredSweep, sweeps: Sweeps, at: number): Promise<readonly SweepResult[]> {
  const { id, targets: count } = record
  if (at >= count) {
    const lost = await sweeps.lost(id, at - count, PART)
    return lost.map(({ target, row }) => resultOf(target, row))
  }
  const targets = await sweeps.targets(id, at, Math.min(PART, count - at))
  const rows = await sweeps.rows(id, targets)
  return targets.map((target, index) => resultOf(target, rows[index] ?? null))
}

const WAITING = {
  state: 'waiting',
  testId: null,
  verdict: null,
  reason: null,
  finishedAt: null,
  says: null,
  change: null,
  lastVerdict: null,
  openSince: null,
} as const

function resultOf({ ip, port, domain, customerId, reference }: SweepTarget, row: SweepRow | null): SweepResult {
  const { state, testId, verdict, reason, finishedAt, says, change, lastVerdict, openSince } = row ?? WAITING
  const target = { ip, port, domain, customerId, reference }
  return { ...target, state, verdict, reason, testId, finishedAt, says, change, lastVerdict, openSince }
}

const fits = (result: SweepResult, { state, verdict, change, customerId }: ResultFilter): boolean =>
  (state === undefined || result.state === state) &&
  (verdict === undefined || result.verdict === verdict) &&
  (change === undefined || result.change === change) &&
  (customerId === undefined || result.customerId === customerId)
