/** The steps that send messages, and wait for them to reach our mailbox. */
import type { Suite } from '../../contract/words.ts'
import { type Assessed, deniesRelaying, isPositive, mayArrive, wasSent } from '../../relay/assess.ts'
import type { Attempt } from '../../relay/attempt.ts'
import { INVENTED_SENDER, OUTSIDE, OWN_SENDER, POSTMASTER_SENDER } from '../../relay/controls.ts'
import { causeOf, formOf } from '../../relay/forms.ts'
import { isAtCatchAll, placeOf, RANDOM_AT, saysNothing } from '../../relay/local.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import { NOTHING_SPENT, type ProbeLimits, type Question, type Spent } from '../question.ts'
import { alone, isInPart, on, written } from './parts.ts'

/**
 * Sends messages for plain forms until one is accepted. If none is, and the proof is delivery, sends messages for
 * ambiguous forms too, as many as the limits allow (rules 1 and 3).
 */
export function messages(answers: Answers, limits: ProbeLimits, part: Suite): readonly Question[] {
  if (limits.proof === 'recipient') return []
  const candidates = answers.rows.filter((row) => isInPart(row, part) && isCandidate(answers, row))
  const plain = candidates.filter(({ attempt }) => attempt.form.recipient.kind === 'plain')
  if (plain.some(isMessageAccepted) || hasArrived(answers)) return []
  const own = moreOwnSenders(answers, plain)
  if (own.length > 0) return own
  const mayBeAmbiguous = limits.proof === 'delivery' || isDeniedAtData(answers, plain)
  const ambiguous = mayBeAmbiguous ? candidates.filter((row) => !plain.includes(row)) : []
  const careful = answers.known === 'none' ? plain : plain.toSorted(byPerson)
  const next = ordered(answers, careful, ambiguous).find((row) => isUnsent(answers, row))
  if (next === undefined || ambiguous.includes(next)) {
    const random = randomLocals(answers, ambiguous)
    if (random.length > 0) return random
  }
  if (next === undefined || !isAnyLeft(answers, limits)) return []
  const manner = on(answers, FIGURES.connections)
  // A server that ignores RSET would send the message to that local recipient. So we send one command at a time.
  const pipelining = manner.pipelining && !hasAskedLocal(answers)
  const onNew = answers.refusalsAtHand >= answers.pace.refusals
  return [{ ask: 'message', attempt: next.attempt, onNew, ...manner, pipelining }]
}

/**
 * Whether DATA was refused as relaying for every plain form. Then ambiguous forms get their DATA too, whatever the
 * proof: most servers refuse it, so that no message is sent.
 */
const isDeniedAtData = (answers: Answers, plain: readonly Assessed[]): boolean =>
  plain.length > 0 &&
  plain.every((row) => !isUnsent(answers, row)) &&
  plain.every(({ refusal, decisive }) => deniesRelaying(refusal) && decisive?.stage === 'data')

/**
 * Orders the forms that messages are sent for. One form of each cause and place comes first, so that no cause or place
 * uses up the messages of another one. Ambiguous recipients whose acceptance says something come before the others.
 */
function ordered(answers: Answers, plain: readonly Assessed[], ambiguous: readonly Assessed[]): readonly Assessed[] {
  const telling = ambiguous.filter((row) => !saysNothing(row, answers.rows))
  const varied = (rows: readonly Assessed[]) => [...oneOfEach(rows, placeOf), ...oneOfEach(rows, cause), ...rows]
  return [...oneOfEach(plain, cause), ...oneOfEach(telling, placeOf), ...varied(ambiguous), ...plain]
}

/**
 * Asks for a random local part at each place where an ambiguous recipient was accepted. The answer tells
 * what the acceptance means, and how long we must wait for a message (rule 3).
 */
function randomLocals(answers: Answers, ambiguous: readonly Assessed[]): readonly Question[] {
  if (!answers.target.isDomainCertain) return []
  const places = new Set(ambiguous.filter(({ outcome }) => outcome === 'accepted').flatMap((row) => placeOf(row) ?? []))
  const isNew = (id: string) => answers.askedAlone(id) === 0 && written(answers, id).length > 0
  const ids = [...places].map((place) => RANDOM_AT[place]).filter(isNew)
  return alone(answers, ids, FIGURES.connections)
}

/** Waits for the messages that may still arrive. Looks once for those that the server refused, without a wait. */
export function arrivals(answers: Answers, limits: ProbeLimits): readonly Question[] {
  if (limits.proof !== 'delivery' || hasArrived(answers)) return []
  const unseen = answers.rows.filter(({ attempt }) => wasSent(attempt) && !answers.wasAwaited(attempt.form))
  const sent = unseen.filter(({ attempt }) => mayArrive(attempt))
  if (sent.length === 0) return unseen.length === 0 ? [] : [{ ask: 'arrivals', rows: unseen, ms: 0 }]
  const plain = sent.filter(({ attempt }) => attempt.form.recipient.kind === 'plain')
  const isQuick = plain.length > 0 || sent.every((row) => isAtCatchAll(row, answers.rows))
  return [
    { ask: 'arrivals', rows: unseen, ms: isQuick ? limits.deliveryWaitMs : answers.now.msLeft - FIGURES.controlMs },
  ]
}

/** Whether a local recipient was asked on the current session. */
const hasAskedLocal = ({ rows, now }: Answers): boolean =>
  rows.some(({ attempt: { form, connection } }) => form.recipient.kind === 'local' && connection === now.current.number)

/** Whether one more message may be sent. */
function isAnyLeft(answers: Answers, { spentBefore = NOTHING_SPENT }: ProbeLimits): boolean {
  const { messages, dots } = messagesIn(answers, spentBefore)
  return dots < FIGURES.dots && messages < FIGURES.messages
}

/** Counts the messages of a test so far. `before` already has those of the `certain` attempts of an earlier visit. */
export function messagesIn({ rows, certain }: Answers, before: Spent): Pick<Spent, 'messages' | 'dots'> {
  const [all, earlier] = [counted(rows.map(({ attempt }) => attempt)), counted(certain)]
  return {
    messages: before.messages + all.messages - earlier.messages,
    dots: before.dots + all.dots - earlier.dots,
  }
}

/** Counts messages. One that was refused at its final dot counts only as a dot; an attempt can have several. */
function counted(attempts: readonly Attempt[]): Pick<Spent, 'messages' | 'dots'> {
  const exchanges = attempts.flatMap((attempt) => attempt.exchanges)
  const dots = exchanges.filter((each) => each.stage === 'data' && isPositive(each)).length
  const refused = exchanges.filter((each) => each.stage === 'dot' && !isPositive(each)).length
  return { messages: dots - refused, dots }
}

/** Whether a message may be sent for a row, or was sent for it. */
function isCandidate(answers: Answers, { attempt: { form }, outcome }: Assessed): boolean {
  const wasTried = answers.messageOf(form) !== null
  // The repeat asks the outside sender's question, so one message for both is enough.
  if (form.control && answers.messageOf(formOf(OUTSIDE)) !== null && !wasTried) return false
  return wasTried || (outcome === 'accepted' && answers.target.mayCarryMessage(form))
}

/**
 * Tries the other own-domain senders if only the known mailbox is accepted as one: a bounce of its message would reach
 * a person.
 */
function moreOwnSenders(answers: Answers, plain: readonly Assessed[]): readonly Question[] {
  const isPerson = (row: Assessed) => row.attempt.form.id === OWN_SENDER && answers.known !== 'none'
  if (!plain.some(isPerson) || !plain.every(isPerson)) return []
  for (const id of [POSTMASTER_SENDER, INVENTED_SENDER]) {
    if (!answers.row(id) && answers.askedAlone(id) === 0) return alone(answers, [id], FIGURES.connections)
  }
  return []
}

/** Sorts the own-domain sender last: it can be the mailbox of a person, and its bounce would reach them. */
const byPerson = (a: Assessed, b: Assessed): number =>
  Number(a.attempt.form.id === OWN_SENDER) - Number(b.attempt.form.id === OWN_SENDER)

/** Whether to send a message for a row: it is due again, or no message of it was sent or accepted before. */
function isUnsent(answers: Answers, row: Assessed): boolean {
  const { form } = row.attempt
  return answers.isDue(form) || (answers.messageOf(form) === null && !isMessageAccepted(row))
}

const isMessageAccepted = ({ evidence }: Assessed): boolean =>
  evidence === 'message-accepted' || evidence === 'delivered'

const hasArrived = ({ rows }: Answers): boolean => rows.some(({ evidence }) => evidence === 'delivered')

const cause = ({ attempt }: Assessed): string => causeOf(attempt.form)

/** Keeps the first attempt of each kind. */
function oneOfEach<Kind>(rows: readonly Assessed[], kindOf: (row: Assessed) => Kind): Assessed[] {
  const kinds = rows.map(kindOf)
  return rows.filter((row, index) => kinds.indexOf(kindOf(row)) === index)
}
