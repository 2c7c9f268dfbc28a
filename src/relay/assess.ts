/** Judges each attempt by its own replies, before the whole test is judged (verdict.ts). */
import type { Evidence, Outcome, Refusal } from '../contract/words.ts'
import type { Attempt, Exchange, Stage } from './attempt.ts'
import { saysDiscarded } from './discards.ts'
import { comparedText } from './plain-text.ts'
import { type Classified, classify } from './refusals.ts'

/** One attempt and its judgement. */
export interface Assessed {
  readonly attempt: Attempt
  readonly outcome: Outcome
  readonly refusal: Refusal | null
  readonly evidence: Evidence
  /** The exchange that decided the outcome; null if there was none. */
  readonly decisive: Exchange | null
  /** The words of the deciding reply, without addresses, names and ids: see `comparedText`. */
  readonly text: string
  /** Whether the recipient was accepted, and a later refusal or deferral does not settle the form. */
  readonly refusedLater: boolean
  /** The part of the reply that says why it was refused; `words` if nothing was refused. */
  readonly basis: Classified['basis']
}

/** Whether the reply accepts the command: 2xx, or 354 to DATA. */
export function isPositive({ stage, reply }: Pick<Exchange, 'stage' | 'reply'>): boolean {
  return stage === 'data' ? reply.code === 354 : reply.code >= 200 && reply.code < 300
}

/** Whether the server accepted the recipient. */
export const isTaken = (exchange: Exchange): boolean => exchange.stage === 'rcpt' && isPositive(exchange)

/**
 * Judges one attempt by its replies: accepted, refused, deferred or not run (docs/verdict.md, rules 1 and 2). A
 * recipient that was accepted stays accepted: a later refusal of the same envelope comes from another node or another
 * time. Only a refusal of DATA or of the final dot is about the message.
 *
 * @param names names and addresses that replies may repeat
 */
export function assess(attempt: Attempt, names: readonly string[]): Assessed {
  const { exchanges, form } = attempt
  const row = (decisive: Exchange | null, outcome: Outcome, evidence: Evidence): Assessed => {
    const text = decisive === null ? '' : comparedText(decisive.reply, names)
    return { attempt, outcome, refusal: null, evidence, decisive, text, refusedLater: false, basis: 'words' as const }
  }
  const refusedAs = (refused: Exchange, taken: boolean): Assessed => {
    const { stage, reply } = refused
    const { refusal, basis } = classify(reply, {
      stage,
      sender: form.sender.as,
      recipient: form.recipient.kind,
      names,
    })
    const settles = deniesRelaying(refusal) || (form.recipient.kind === 'ambiguous' && refusal === 'unknown-user')
    const refusedLater = taken && !settles
    const outcome = settles || reply.code >= 500 ? 'refused' : 'deferred'
    return { ...row(refused, outcome, refusedLater ? 'recipient-accepted' : 'none'), refusal, refusedLater, basis }
  }
  const dot = exchanges.findLast((exchange) => exchange.stage === 'dot' && isPositive(exchange))
  // Some servers refuse the final dot, or give up waiting, and still relay the message (RFC 1047). Then its arrival
  // counts: nobody else knows the secret in its body.
  const arrived = attempt.seen?.kind === 'message' && wasSent(attempt)
  // Some filters accept a message, and say in the same reply that they threw it away.
  if (dot && !arrived && saysDiscarded(dot.reply)) {
    return { ...row(dot, 'refused', 'recipient-accepted'), refusal: 'content', refusedLater: true }
  }
  if (dot || arrived) {
    return row(dot ?? exchanges.at(-1) ?? null, 'accepted', arrived ? 'delivered' : 'message-accepted')
  }
  const taken = exchanges.find(isTaken)
  if (taken) {
    const refused = exchanges.findLast((exchange) => MESSAGE.has(exchange.stage) && !isPositive(exchange))
    if (refused) return refusedAs(refused, true)
    return row(taken, 'accepted', form.recipient.kind === 'local' ? 'none' : 'recipient-accepted')
  }
  const refused = exchanges.find((exchange) => !isPositive(exchange))
  return refused ? refusedAs(refused, false) : row(null, 'not-run', 'none')
}

/** The stages that are about the message, and not about its envelope. */
const MESSAGE: ReadonlySet<Stage> = new Set<Stage>(['data', 'dot'])

/** Whether the server accepted the recipient, and refused the same envelope at another time. */
export const answersDiffer = ({ attempt: { exchanges }, outcome }: Assessed): boolean =>
  outcome === 'accepted' &&
  exchanges.some((exchange) => !MESSAGE.has(exchange.stage) && !isPositive(exchange)) &&
  !exchanges.some(({ stage }) => stage === 'dot')

/** Whether a refusal says that strangers may not relay. */
export const deniesRelaying = (refusal: Refusal | null): boolean =>
  refusal === 'relay-denied' || refusal === 'auth-required'

/** Whether a message is on its way, as far as the server says: it was sent, and its final dot was not refused. */
export const mayArrive = (attempt: Attempt): boolean =>
  wasSent(attempt) && attempt.exchanges.every((exchange) => exchange.stage !== 'dot' || isPositive(exchange))

/** Whether a message was sent: the server answered DATA with 354. */
export const wasSent = ({ exchanges }: Attempt): boolean =>
  exchanges.some((exchange) => exchange.stage === 'data' && isPositive(exchange))

/** Whether an attempt was never asked, because its connection ended before we could ask, or none was accepted. */
export const isCutOff = ({ why, connection, exchanges }: Attempt): boolean =>
  why === 'dropped' && connection === null && exchanges.length === 0

/** Whether the server accepted an outside recipient that cannot be read as a local one. */
export const mayRelay = (rows: readonly Assessed[]): boolean =>
  rows.some(({ attempt, outcome }) => outcome === 'accepted' && attempt.form.recipient.kind === 'plain')

/** Returns the row of a form. */
export const rowOf = (rows: readonly Assessed[], id: string): Assessed | undefined =>
  rows.find(({ attempt }) => attempt.form.id === id)

/**
 * Whether two rows were refused at the same command in the same words, without addresses. Replies without words must
 * have the same codes: a ban can be as silent as a refusal.
 */
export function sameRefusal(a: Assessed | undefined, b: Assessed | undefined): boolean {
  if (a?.decisive == null || b?.decisive == null || a.decisive.stage !== b.decisive.stage) return false
  const [one, other] = [a.decisive.reply, b.decisive.reply]
  const isSameCode = one.code === other.code && one.enhanced === other.enhanced
  return a.text === b.text && (a.text !== '' || isSameCode)
}
