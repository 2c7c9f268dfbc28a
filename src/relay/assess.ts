import type { Evidence, Outcome, Refusal, Why } from '../contract/words.ts'
import type { Attempt, Exchange } from './findings.ts'
import { oncePerNames } from './once.ts'
import { classify, plainText } from './refusals.ts'

/** What one attempt came to. */
export interface Assessed {
  readonly attempt: Attempt
  readonly outcome: Outcome
  readonly refusal: Refusal | null
  readonly evidence: Evidence
  /** The exchange that decided it. */
  readonly decisive: Exchange | null
  /** Whether the recipient was taken before the refusal or deferral came. */
  readonly refusedLater: boolean
  /** Whether a refusal gave a reason that we know; true where nothing was refused. */
  readonly reasoned: boolean
}

/** Whether the server went along: 2xx, and 354 to DATA. */
export function isPositive({ phase, reply }: Exchange): boolean {
  return phase === 'data' ? reply.code === 354 : reply.code >= 200 && reply.code < 300
}

const isTaken = (exchange: Exchange): boolean => exchange.phase === 'rcpt' && isPositive(exchange)

/** Judges one attempt by its replies (docs/verdict.md, rules 1 and 2). `names` are what replies may echo. */
export const assess = oncePerNames((attempt: Attempt, names): Assessed => {
  const { exchanges, form } = attempt
  const refused = exchanges.find((exchange) => !isPositive(exchange))
  const taken = exchanges.find(isTaken)
  const done = exchanges.find((exchange) => exchange.phase === 'dot' && isPositive(exchange))
  const row: Assessed = {
    attempt,
    outcome: 'not-run',
    refusal: null,
    evidence: 'none',
    decisive: null,
    refusedLater: false,
    reasoned: true,
  }
  const arrived = attempt.seen?.kind === 'message' && mayArrive(attempt)
  if (done || arrived) {
    const evidence = arrived ? 'delivered' : 'message-accepted'
    return { ...row, outcome: 'accepted', evidence, decisive: done ?? exchanges.at(-1) ?? null }
  }
  const context = { sender: form.sender.as, names }
  const { refusal, reasoned } = refused
    ? classify(refused.reply, { ...context, phase: refused.phase })
    : { refusal: null, reasoned: true }
  const final = isFinal(refusal)
  // Where another session would not even hear of the sender, no message came as far as being refused.
  const isUntried = !refused || (!final && (refused.phase === 'mail' || refused.phase === 'rcpt'))
  if (taken && isUntried) {
    return { ...row, outcome: 'accepted', evidence: form.control ? 'none' : 'recipient-accepted', decisive: taken }
  }
  if (!refused) return row
  const refusedLater = taken !== undefined && !final
  return {
    ...row,
    outcome: final || refused.reply.code >= 500 ? 'refused' : 'deferred',
    refusal,
    evidence: refusedLater ? 'recipient-accepted' : 'none',
    decisive: refused,
    refusedLater,
    reasoned,
  }
})

/** Refusals that say that strangers may not relay. */
const isFinal = (refusal: Refusal | null): boolean => refusal === 'relay-denied' || refusal === 'auth-required'

/** Whether a message may be under way: it went out, and was not refused at its end. */
export const mayArrive = ({ exchanges }: Attempt): boolean =>
  exchanges.some(({ phase, reply }) => phase === 'data' && reply.code === 354) &&
  exchanges.every((exchange) => exchange.phase !== 'dot' || isPositive(exchange))

/** Whether an outside recipient was taken that can be nothing else. */
export const mayRelay = (rows: readonly Assessed[]): boolean =>
  rows.some(
    ({ attempt: { form }, outcome }) => outcome === 'accepted' && form.recipient.kind === 'plain' && !form.control,
  )

/** The row of a form. */
export const rowOf = (rows: readonly Assessed[], id: string): Assessed | undefined =>
  rows.find(({ attempt }) => attempt.form.id === id)

/** Refusals that may mean "no such user here" or anything else. */
const VAGUE: ReadonlySet<Refusal> = new Set<Refusal>(['unknown-user', 'other'])

/**
 * Whether only the postmaster control tells a closed server from one that refuses whatever we ask: where the outside
 * sender was refused in vague words (docs/verdict.md, rule 4a).
 */
export function wantsPostmasterControl(rows: readonly Assessed[]): boolean {
  return rows.some(needsControl)
}

/** Whether a row counts only beside a postmaster control that was accepted. */
export function needsControl({ attempt, outcome, refusal, decisive }: Assessed): boolean {
  const isOutside = attempt.form.id === 'outside-sender' && outcome === 'refused' && decisive?.phase === 'rcpt'
  return isOutside && refusal !== null && VAGUE.has(refusal)
}

/**
 * Whether the outside sender was refused in words that say nothing at all, though postmaster was taken: many a server
 * exempts its postmaster from a ban. Then a random local part must be refused in other words.
 */
export function wantsRandomControl(rows: readonly Assessed[]): boolean {
  return rowOf(rows, 'postmaster-control')?.outcome === 'accepted' && rows.some(needsRandomControl)
}

/** Whether a row counts only beside a random local part that was refused in other words. */
export const needsRandomControl = (row: Assessed): boolean => needsControl(row) && row.refusal === 'other'

/** Refusals of a form that may as well be the beginning of a ban, whatever the form. */
const SUSPECT: ReadonlySet<Refusal> = new Set<Refusal>(['other', 'policy'])

/** Whether a refusal counts only if the outside sender is refused after it as it was before. */
export function needsRepeat(row: Assessed, rows: readonly Assessed[], names: readonly string[]): boolean {
  const { form } = row.attempt
  const outside = rowOf(rows, 'outside-sender')
  if (row.outcome !== 'refused' || form.control || row === outside || outside?.outcome !== 'refused') return false
  return isSuspect(row, outside.refusal, names) && !sameRefusal(row, outside, names)
}

function isSuspect(row: Assessed, outside: Refusal | null, names: readonly string[]): boolean {
  const { form } = row.attempt
  const { refusal, decisive, reasoned } = row
  if (refusal === null || decisive === null) return false
  const text = plainText(decisive.reply, names)
  // A local part that may be a mailbox is refused for many a reason; without one, by whoever refuses everything.
  if (form.recipient.kind === 'ambiguous') return SUSPECT.has(refusal) && !/character/.test(text)
  if (SUSPECT.has(refusal)) return true
  if (refusal === 'auth-required') return outside !== 'auth-required' && !row.attempt.exchanges.some(isTaken)
  if (form.sender.risky || form.recipient.risky) return false
  // An ordinary address is no syntax error, and our recipient no user of theirs, if that is who is meant.
  if (refusal === 'syntax') return true
  if (refusal === 'unknown-user') {
    return !reasoned || form.id === 'own-domain-postmaster' || (decisive.phase === 'rcpt' && !/sender/.test(text))
  }
  return refusal === 'sender-rejected' && !FORGERY.test(text)
}

/** Whether the outside sender was refused later as it was at the beginning: no ban came in between. */
export function isAsBefore(again: Assessed, outside: Assessed | undefined, names: readonly string[]): boolean {
  return isFinal(outside?.refusal ?? null) ? again.refusal === outside?.refusal : sameRefusal(again, outside, names)
}

/** Whether two rows were refused at the same point in the same words, addresses aside. */
export function sameRefusal(a: Assessed | undefined, b: Assessed | undefined, names: readonly string[]): boolean {
  if (!a?.decisive || !b?.decisive || a.decisive.phase !== b.decisive.phase) return false
  return plainText(a.decisive.reply, names) === plainText(b.decisive.reply, names)
}

/** Words that protect a domain from being forged: an existing sender would meet the same. */
const FORGERY = /\bspf\b|sender policy framework|spoof|\bdkim\b|\bdmarc\b|not allowed to send/
/** Refusals that are about us or about now: another sender would meet the same. */
const NOT_THE_SENDER: ReadonlySet<Refusal> = new Set<Refusal>([
  'blocklisted',
  'greylisted',
  'throttled',
  'vantage-identity',
  'tls-required',
  'server-trouble',
])

/**
 * Whether the own-domain sender was refused for what it is, and not as the outside sender was: then an existing one,
 * postmaster, may still be trusted (docs/verdict.md, rule 4b).
 */
export function wantsExistingSender(rows: readonly Assessed[], names: readonly string[]): boolean {
  const own = rowOf(rows, 'own-domain-sender')
  if (!own?.refusal || !own.decisive || own.refusedLater || NOT_THE_SENDER.has(own.refusal)) return false
  if (FORGERY.test(plainText(own.decisive.reply, names))) return false
  return !sameRefusal(own, rowOf(rows, 'outside-sender'), names)
}

/**
 * Whether another go on a new connection can tell more, and in how many milliseconds: for what had no answer, for
 * "too many" of anything, for postscreen (which lets a client through once it has come back), and for greylisting that
 * says how long it lasts.
 */
export function againAfter({ attempt, outcome, refusal, decisive }: Assessed): number | null {
  if (outcome === 'not-run') return attempt.why !== null && WORTH_ANOTHER_GO.has(attempt.why) ? 0 : null
  if (refusal === 'throttled') return 0
  if (refusal !== 'greylisted' || !decisive) return null
  if (decisive.reply.enhanced === '4.3.2') return 0
  const [, number, unit] =
    /(\d{1,4}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?)\b/i.exec(decisive.reply.lines.join(' ')) ?? []
  return number === undefined ? null : Number(number) * (unit?.toLowerCase().startsWith('m') ? 60_000 : 1_000)
}

const WORTH_ANOTHER_GO: ReadonlySet<Why> = new Set<Why>([
  'dropped',
  'slowing',
  'connection-limit',
  'transaction-ended',
  'protocol-error',
])
