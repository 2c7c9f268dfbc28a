import type { Assessed } from './assess.ts'
import { ONE_BY_ONE, type Pace } from './pace.ts'

/**
 * How a server is to be asked from now on, from what failed and is worth another go: docs/pacing.md, rule 3. `rows` are all
 * answers so far, `before` what was learnt earlier.
 */
export function lessonFrom(
  failed: readonly Assessed[],
  rows: readonly Assessed[],
  before: Partial<Pace>,
): Partial<Pace> {
  return Object.assign({}, before, ...failed.map((row) => lessonOf(row, rows, before)))
}

function lessonOf(row: Assessed, rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  const { attempt, refusal, decisive } = row
  if (attempt.why === 'dropped' || decisive?.reply.code === 421) return borne(rows, attempt.connection)
  if (attempt.why === 'slowing') return ONE_BY_ONE
  if (attempt.why === 'connection-limit') return { atOnce: 1 }
  const isTooMany = refusal === 'throttled' && decisive?.phase === 'rcpt'
  if (isTooMany || attempt.why === 'transaction-ended') {
    return before.recipients === 1 ? { transactions: 1 } : { recipients: 1 }
  }
  return {}
}

/** What a connection bore before it was cut off. */
function borne(rows: readonly Assessed[], connection: number | null): Partial<Pace> {
  const answered = rows.filter(
    ({ attempt, decisive }) => attempt.connection === connection && decisive !== null && decisive.reply.code !== 421,
  )
  if (answered.length === 0) return {}
  const refusals = answered.filter(({ outcome }) => outcome !== 'accepted').length
  return {
    refusals: Math.max(1, refusals),
    transactions: new Set(answered.map(({ attempt }) => attempt.mailFrom)).size,
  }
}
