import type { Assessed } from './assess.ts'
import { ONE_BY_ONE, type Pace } from './pace.ts'

/**
 * How a server is to be asked from now on, from what failed and is worth another go: docs/pacing.md, rule 3. `rows` are all
 * answers so far, `before` what was learnt earlier; a pace only ever becomes slower.
 */
export function lessonFrom(
  failed: readonly Assessed[],
  rows: readonly Assessed[],
  before: Partial<Pace>,
): Partial<Pace> {
  return Object.assign({}, before, ...failed.map((row) => lessonOf(row, rows, before)))
}

function lessonOf({ attempt, decisive }: Assessed, rows: readonly Assessed[], before: Partial<Pace>): Partial<Pace> {
  if (decisive?.reply.code === 452) return { recipients: before.recipients === undefined ? 3 : 1 }
  switch (attempt.why) {
    case 'slowing':
      return ONE_BY_ONE
    case 'connection-limit':
      return { atOnce: 1 }
    case 'dropped':
      return borne(rows.filter((row) => row.attempt.connection === attempt.connection && row.decisive !== null))
    default:
      return {}
  }
}

/** What a connection bore before it was cut off. */
function borne(answered: readonly Assessed[]): Partial<Pace> {
  if (answered.length === 0) return {}
  const senders = new Set(answered.map(({ attempt }) => attempt.mailFrom))
  return { refusals: answered.filter(({ outcome }) => outcome !== 'accepted').length || 1, transactions: senders.size }
}
