/**
 * Says when an answer counts only beside another one: beside a control, beside the first question asked again, or
 * beside a sender that exists (docs/verdict.md, rules 4a and 4b). The engine asks by these rules and the verdict judges
 * by them.
 */
import type { Refusal } from '../contract/words.ts'
import { type Assessed, isFinal, isTaken, rowOf, sameRefusal } from './assess.ts'

/** Takes mail for the role that RFC 5321 section 4.5.1 demands. A healthy server accepts it. */
export const POSTMASTER = 'postmaster-control'
/** A local part that nobody has. A healthy server refuses it. */
export const RANDOM_LOCAL = 'random-local-control'
/** The first question once more: a ban that began in the meantime answers it otherwise. */
export const REPEAT = 'outside-sender-again'
/** An own-domain sender that exists on every server. */
export const EXISTING_SENDER = 'own-domain-postmaster'

/** Refusals that may mean "no such user here" or anything else. */
const VAGUE: ReadonlySet<Refusal> = new Set<Refusal>(['unknown-user', 'other'])

/** Whether a row counts only beside an accepted postmaster: the outside sender was refused in vague words (rule 4a). */
export function needsPostmaster({ attempt, outcome, refusal, decisive }: Assessed): boolean {
  const isOutside = attempt.form.id === 'outside-sender' && outcome === 'refused' && decisive?.phase === 'rcpt'
  return isOutside && refusal !== null && VAGUE.has(refusal)
}

/**
 * Whether a row counts only beside a random local part that is refused in other words: the outside sender was refused
 * in words that say nothing at all, and many servers exempt their postmaster from a ban.
 */
export const needsRandomLocal = (row: Assessed): boolean => needsPostmaster(row) && row.refusal === 'other'

/** Whether a random local part can change the verdict: postmaster was accepted, and a row needs more than that. */
export const wantsRandomLocal = (rows: readonly Assessed[]): boolean =>
  rowOf(rows, POSTMASTER)?.outcome === 'accepted' && rows.some(needsRandomLocal)

/** Refusals of a form that may just as well be the beginning of a ban. */
const SUSPECT: ReadonlySet<Refusal> = new Set<Refusal>(['other', 'policy'])

/** Whether a refusal counts only if the outside sender is refused after it as it was before (rule 4b). */
export function needsRepeat(row: Assessed, rows: readonly Assessed[]): boolean {
  const outside = rowOf(rows, 'outside-sender')
  if (row.outcome !== 'refused' || row.attempt.form.control || row === outside) return false
  if (outside?.outcome !== 'refused') return false
  return isSuspect(row, outside.refusal) && !sameRefusal(row, outside)
}

function isSuspect(row: Assessed, outside: Refusal | null): boolean {
  const { refusal, decisive, reasoned, text } = row
  const { form, exchanges } = row.attempt
  if (refusal === null || decisive === null) return false
  // An ambiguous recipient is refused for many reasons; only the vague ones may be a ban.
  if (form.recipient.kind === 'ambiguous') return SUSPECT.has(refusal) && !/character/.test(text)
  if (SUSPECT.has(refusal)) return true
  if (refusal === 'auth-required') return outside !== 'auth-required' && !exchanges.some(isTaken)
  if (form.sender.risky || form.recipient.risky) return false
  // An ordinary address is no syntax error, and our recipient is not meant to be a user of theirs.
  if (refusal === 'syntax') return true
  if (refusal === 'unknown-user') {
    return !reasoned || form.id === EXISTING_SENDER || (decisive.phase === 'rcpt' && !/sender/.test(text))
  }
  return refusal === 'sender-rejected' && !FORGERY.test(text)
}

/** Whether the outside sender was refused at the end as at the beginning: no ban came in between. */
export function isAsBefore(again: Assessed, outside: Assessed | undefined): boolean {
  const before = outside?.refusal ?? null
  return isFinal(before) ? again.refusal === before : sameRefusal(again, outside)
}

/** Words that protect a domain from being forged. A sender that exists would be refused by them too. */
const FORGERY = /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|not allowed to send/

/** Refusals that are about us or about now. A sender that exists would meet them too. */
const NOT_THE_SENDER: ReadonlySet<Refusal> = new Set<Refusal>([
  'blocklisted',
  'greylisted',
  'throttled',
  'vantage-identity',
  'tls-required',
  'server-trouble',
])

/**
 * Whether a sender that exists may still be trusted: the invented own-domain sender was refused for what it is, in
 * other words than the outside sender (rule 4b).
 */
export function wantsExistingSender(rows: readonly Assessed[]): boolean {
  const own = rowOf(rows, 'own-domain-sender')
  if (!own?.refusal || !own.decisive || own.refusedLater || NOT_THE_SENDER.has(own.refusal)) return false
  return !FORGERY.test(own.text) && !sameRefusal(own, rowOf(rows, 'outside-sender'))
}
