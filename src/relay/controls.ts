/**
 * Says which answers count only together with another answer: that of a control, of the first question asked again, or
 * of a sender that exists (docs/verdict.md, rules 4a and 4b). The engine and the verdict both use these rules.
 */
import type { Refusal } from '../contract/words.ts'
import { type Assessed, deniesRelaying, isTaken, rowOf, sameRefusal } from './assess.ts'

/** The recipient is postmaster, which every healthy server accepts (RFC 5321 section 4.5.1). */
export const POSTMASTER = 'postmaster-control'
/** The recipient is a local part that nobody has. A healthy server refuses it. */
export const RANDOM_LOCAL = 'random-local-control'
/** The first question is asked again. If a ban began in the meantime, the answer is different. */
export const REPEAT = 'outside-sender-again'
/** The sender is postmaster at the own domain, which exists on every server. */
export const EXISTING_SENDER = 'own-domain-postmaster'

/** Refusals that may mean "no such user here" or anything else. */
const VAGUE: ReadonlySet<Refusal> = new Set<Refusal>(['unknown-user', 'other'])

/** Whether a row counts only if postmaster is accepted: the outside sender was refused in vague words (rule 4a). */
export function needsPostmaster({ attempt, outcome, refusal, decisive }: Assessed): boolean {
  const isOutside = attempt.form.id === 'outside-sender' && outcome === 'refused' && decisive?.phase === 'rcpt'
  return isOutside && refusal !== null && VAGUE.has(refusal)
}

/**
 * Whether a row counts only if a random local part is refused in other words: the outside sender was refused in words
 * that say nothing, and many servers exempt postmaster from a ban.
 */
export const needsRandomLocal = (row: Assessed): boolean => needsPostmaster(row) && row.refusal === 'other'

/** Whether a random local part can change the verdict: postmaster was accepted, and a row needs more than that. */
export const wantsRandomLocal = (rows: readonly Assessed[]): boolean =>
  rowOf(rows, POSTMASTER)?.outcome === 'accepted' && rows.some(needsRandomLocal)

/** Refusals of a form that may also be the beginning of a ban. */
const SUSPECT: ReadonlySet<Refusal> = new Set<Refusal>(['other', 'policy'])

/** Whether a refusal counts only if the outside sender, asked again after it, is refused as before (rule 4b). */
export function needsRepeat(row: Assessed, rows: readonly Assessed[]): boolean {
  const outside = rowOf(rows, 'outside-sender')
  if (row.outcome !== 'refused' || row.attempt.form.control || row === outside) return false
  if (outside?.outcome !== 'refused') return false
  return isSuspect(row, outside.refusal) && !sameRefusal(row, outside)
}

function isSuspect(row: Assessed, outside: Refusal | null): boolean {
  const { refusal, decisive, basis, text } = row
  const { form, exchanges } = row.attempt
  if (refusal === null || decisive === null) return false
  // An ambiguous recipient is refused for many reasons. Only vague words may be a ban.
  if (form.recipient.kind === 'ambiguous') return SUSPECT.has(refusal) && !/character/.test(text)
  if (SUSPECT.has(refusal)) return true
  if (refusal === 'auth-required') return outside !== 'auth-required' && !exchanges.some(isTaken)
  if (form.sender.risky || form.recipient.risky) return false
  // An ordinary address is not a syntax error, and our outside recipient cannot be an unknown user of the server.
  if (refusal === 'syntax') return true
  if (refusal === 'unknown-user') {
    return basis === 'none' || form.id === EXISTING_SENDER || (decisive.phase === 'rcpt' && !/sender/.test(text))
  }
  return refusal === 'sender-rejected' && !FORGERY.test(text)
}

/** Whether the outside sender was refused in the same way at the end as at the beginning: no ban began in between. */
export function isAsBefore(again: Assessed, outside: Assessed | undefined): boolean {
  const before = outside?.refusal ?? null
  return deniesRelaying(before) ? again.refusal === before : sameRefusal(again, outside)
}

/** Words of refusals that protect a domain from forged senders. A sender that exists would get them too. */
const FORGERY = /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|not allowed to send/

/** Refusals that are about us, or temporary. A sender that exists would get them too. */
const NOT_THE_SENDER: ReadonlySet<Refusal> = new Set<Refusal>([
  'blocklisted',
  'greylisted',
  'throttled',
  'vantage-identity',
  'tls-required',
  'server-trouble',
])

/**
 * Whether the server may still trust own-domain senders that exist: it refused the invented one as a sender, in other
 * words than the outside sender (rule 4b).
 */
export function wantsExistingSender(rows: readonly Assessed[]): boolean {
  const own = rowOf(rows, 'own-domain-sender')
  if (!own?.refusal || !own.decisive || own.refusedLater || NOT_THE_SENDER.has(own.refusal)) return false
  return !FORGERY.test(own.text) && !sameRefusal(own, rowOf(rows, 'outside-sender'))
}
