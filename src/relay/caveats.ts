/** Finds the caveats of a verdict: facts that do not change it, but that its readers should know. */
import { CAVEATS, type Caveat } from '../contract/words.ts'
import { type Assessed, answersDiffer, isTaken, rowOf } from './assess.ts'
import { AT_END, KNOWN_MAILBOX, noExistingSender, OUTSIDE, POSTMASTER, REPEAT } from './controls.ts'
import { hasMailboxForAll } from './local.ts'
import type { Observations } from './observations.ts'

/** One caveat. */
interface CaveatRow {
  /** The sentence that the summary ends with; null if the summary needs none, or says it in another sentence. */
  readonly says: string | null
  /** Whether the answers show it. `unanswered` are the forms whose answer is missing or says nothing. */
  holds(observations: Observations, unanswered: readonly Assessed[]): boolean
}

/** The row of every caveat. A word in contract/words.ts without a row here does not compile. */
const CAVEAT_ROWS: Readonly<Record<Caveat, CaveatRow>> = {
  // The summary of a closed server says it already.
  'any-local-part-taken': { says: null, holds: ({ rows }) => hasMailboxForAll(rows) },
  'forms-spared': { says: null, holds: ({ rows }) => rows.some(({ attempt }) => attempt.why === 'spared') },
  'forms-unanswered': {
    says: 'Some attempts of the full suite got no clear answer.',
    holds: (_observations, unanswered) => unanswered.length > 0,
  },
  'answers-differ': {
    says: 'The server gave different answers to the same question. There may be several servers behind this address.',
    holds: ({ rows }) => rows.some(answersDiffer) || isAnsweredBothWays(rows),
  },
  'existing-sender-untested': {
    says: 'We know no sender that exists at {domain}, so we could not test whether the server trusts one. A known mailbox would tell.',
    holds: ({ rows, known }) => noExistingSender(rows, known),
  },
  'domain-doubtful': {
    says: 'The server knows none of the mailboxes that we tried at {domain}. Check that {domain} is really its domain.',
    holds: isDomainDoubtful,
  },
  // Only two vantages together show it (two-vantages.ts), and the summary says it then.
  'treats-vantages-differently': { says: null, holds: () => false },
}

/** Returns the caveats of a test, in a fixed order. */
export const caveatsOf = (observations: Observations, unanswered: readonly Assessed[]): Caveat[] =>
  CAVEATS.filter((caveat) => CAVEAT_ROWS[caveat].holds(observations, unanswered))

/** Returns the sentences of caveats. */
export const sayCaveats = (caveats: readonly Caveat[]): string[] =>
  caveats.flatMap((caveat) => CAVEAT_ROWS[caveat].says ?? [])

/** Whether the outside sender was refused once and accepted once: two nodes answer, or something changed. */
function isAnsweredBothWays(rows: readonly Assessed[]): boolean {
  const asked = [OUTSIDE, REPEAT, AT_END].flatMap((id) => rowOf(rows, id) ?? [])
  // A server that accepts the recipient and refuses its message gave one answer, not two.
  const isRefused = asked.some(({ outcome, attempt }) => outcome === 'refused' && !attempt.exchanges.some(isTaken))
  return isRefused && asked.some(({ outcome }) => outcome === 'accepted')
}

/** Whether the domain is only the customer's first one, and the server knows none of the mailboxes tried there. */
function isDomainDoubtful({ rows, domainSource }: Observations): boolean {
  const locals = [KNOWN_MAILBOX, POSTMASTER].flatMap((id) => rowOf(rows, id) ?? [])
  return domainSource === 'customer' && locals.length > 0 && locals.every(isUnknown)
}

const isUnknown = ({ outcome, refusal }: Assessed): boolean =>
  outcome === 'refused' && (refusal === 'unknown-user' || refusal === 'relay-denied')
