/** Makes the row of a target, and compares it with the row of the sweep before. Pure, so that every case is tested. */
import type { RelayTest } from '../contract/relay-test.ts'
import type { SweepRow } from '../store/sweeps.ts'

/** The row of the same target in the sweep before: null if it has none; undefined if there is no sweep before. */
export type EarlierRow = SweepRow | null | undefined

const NOTHING = { verdict: null, reason: null, finishedAt: null, says: null, change: null } as const

/** Returns the row of a target whose test has begun. */
export const runningRow = (testId: string): SweepRow => ({
  ...NOTHING,
  state: 'running',
  testId,
  lastVerdict: null,
  openSince: null,
})

/** Returns the row of a target whose test has ended. */
export function testedRow(result: RelayTest, before: EarlierRow): SweepRow {
  const { id: testId, verdict, reason } = result
  const finishedAt = result.finishedAt ?? result.createdAt
  const known = before?.lastVerdict ?? null
  const lastVerdict = verdict === null || verdict === 'inconclusive' ? known : verdict
  const firstSeen = known === 'open' ? (before?.openSince ?? finishedAt) : finishedAt
  return {
    ...NOTHING,
    state: 'tested',
    testId,
    verdict,
    reason,
    finishedAt,
    change: changeOf(verdict, before),
    lastVerdict,
    openSince: lastVerdict === 'open' ? firstSeen : null,
  }
}

function changeOf(verdict: RelayTest['verdict'], before: EarlierRow): SweepRow['change'] {
  if (before === undefined) return null
  if (before === null) return 'new'
  if (verdict === 'open' && before.lastVerdict !== 'open') return 'opened'
  return verdict === 'closed' && before.lastVerdict === 'open' ? 'closed' : null
}

/**
 * Returns the row of a target that is not tested. It is lost if the sweep before has tested it.
 *
 * @param says why, in a sentence
 */
export function skippedRow(says: string, at: string, before: EarlierRow): SweepRow {
  return {
    ...NOTHING,
    state: 'skipped',
    testId: null,
    finishedAt: at,
    says,
    change: before?.state === 'tested' ? 'lost' : null,
    lastVerdict: before?.lastVerdict ?? null,
    openSince: before?.openSince ?? null,
  }
}
