/**
 * Joins several visits to a server into one test. A later visit asks only the questions without a certain answer. Some
 * answers count only together with another one, for example unknown words with an accepted local recipient. Both must
 * come from the same visit, so they are asked again.
 */
import { type Assessed, deniesRelaying, isTaken } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import type { Observations } from '../relay/observations.ts'
import type { ProbeResult } from './probe.ts'

/** Returns the attempts of earlier visits that need no second question. */
export const certainIn = ({ rows }: Observations): readonly Attempt[] => rows.flatMap((row) => certainPart(row) ?? [])

/**
 * Returns the part of an attempt that stays certain, or null. A recipient that was accepted stays accepted. If its
 * message was refused, the message is sent again.
 */
function certainPart({ attempt, outcome, refusal, evidence }: Assessed): Attempt | null {
  const { form, exchanges } = attempt
  if (form.recipient.kind === 'local' || form.control) return null
  if (evidence === 'message-accepted' || evidence === 'delivered') return attempt
  if (outcome === 'refused' && deniesRelaying(refusal)) return attempt
  const taken = exchanges.findIndex(isTaken)
  return taken < 0 ? null : { ...attempt, exchanges: exchanges.slice(0, taken + 1), why: null }
}

/** Returns what two visits observed, as one result. If the later visit learnt less, the earlier observations stay. */
export function joinedVisits(earlier: ProbeResult, later: ProbeResult): ProbeResult {
  const [before, now] = [earlier.observations, later.observations]
  const rows = now.rows.map((row) => (row.outcome === 'not-run' ? (deferredIn(before, row) ?? row) : row))
  const mailboxTroubled = before.mailboxTroubled || now.mailboxTroubled
  if (now.greeting !== null || now.turnedAway !== null || before.greeting === null) {
    return { ...later, observations: { ...now, rows, mailboxTroubled } }
  }
  // The later visit got no greeting and no refusal, but the earlier one had a session.
  const { refusedBefore, turnedAway } = now
  const observations = { ...before, rows, mailboxTroubled, refusedBefore, turnedAway }
  const { phases, spent } = later
  return { ...earlier, observations, phases, spent }
}

/** Returns an earlier answer that asked us to come back. Any other answer counts only in its own visit. */
const deferredIn = ({ rows }: Observations, { attempt }: Assessed): Assessed | undefined =>
  rows.find((row) => row.attempt.form === attempt.form && row.outcome === 'deferred')
