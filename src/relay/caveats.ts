/** Finds the caveats of a verdict: facts that do not change it, but that its readers should know. */
import { CAVEATS, type Caveat } from '../contract/words.ts'
import { type Assessed, answersDiffer, rowOf } from './assess.ts'
import { AT_END, KNOWN_MAILBOX, noExistingSender, OUTSIDE, POSTMASTER, REPEAT } from './controls.ts'
import { takesAnything } from './local.ts'
import type { Observations } from './observations.ts'

/** Returns the caveats of a test, in a fixed order. `unanswered` are the forms whose answer is missing or says nothing. */
export function caveatsOf(observations: Observations, unanswered: readonly Assessed[]): Caveat[] {
  const { rows } = observations
  const holds: Readonly<Record<Caveat, boolean>> = {
    'any-local-part-taken': takesAnything(rows),
    'forms-spared': rows.some(({ attempt }) => attempt.why === 'spared'),
    'forms-unanswered': unanswered.length > 0,
    'answers-differ': rows.some(answersDiffer) || isAnsweredBothWays(rows),
    'existing-sender-untested': noExistingSender(rows),
    'domain-doubtful': isDomainDoubtful(observations),
  }
  return CAVEATS.filter((caveat) => holds[caveat])
}

/** Whether the outside sender was refused once and accepted once: two nodes answer, or something changed. */
function isAnsweredBothWays(rows: readonly Assessed[]): boolean {
  const outcomes = [OUTSIDE, REPEAT, AT_END].map((id) => rowOf(rows, id)?.outcome)
  return outcomes.includes('refused') && outcomes.includes('accepted')
}

/** Whether the domain is only the customer's first one, and the server knows none of the mailboxes tried there. */
function isDomainDoubtful({ rows, domainSource }: Observations): boolean {
  const locals = [KNOWN_MAILBOX, POSTMASTER].flatMap((id) => rowOf(rows, id) ?? [])
  return domainSource === 'customer' && locals.length > 0 && locals.every(isUnknown)
}

const isUnknown = ({ outcome, refusal }: Assessed): boolean =>
  outcome === 'refused' && (refusal === 'unknown-user' || refusal === 'relay-denied')
