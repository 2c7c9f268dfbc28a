/**
 * Decides what to ask next. A pure function of the answers so far: it opens no socket and reads no clock, so that the
 * whole engine can be tested against a model of a server in memory.
 */
import type { Proof, Refusal, Suite, Why } from '../contract/words.ts'
import { type Assessed, mayArrive, mayRelay, wasSent } from '../relay/assess.ts'
import type { Attempt } from '../relay/attempt.ts'
import {
  EXISTING_SENDER,
  needsPostmaster,
  needsRepeat,
  POSTMASTER,
  RANDOM_LOCAL,
  REPEAT,
  wantsExistingSender,
  wantsRandomLocal,
} from '../relay/controls.ts'
import { type Envelope, isEnvelope, spell, type Unwritable } from '../relay/envelope.ts'
import { causeOf, formOf } from '../relay/forms.ts'
import type { Answers } from './answers.ts'
import { FIGURES } from './pace.ts'
import { type PlanRules, planFirst, planWithin } from './plan.ts'
import type { Question } from './question.ts'
import { notRun } from './record.ts'

/** Which forms a test asks, and how far it goes. */
export interface Limits {
  readonly suite: Suite
  readonly proof: Proof
  /** How long to wait for the message of a plain form to arrive, in milliseconds. */
  readonly deliveryWaitMs: number
}

/** The connections that a test may open while it may still need one for a message. */
const BEFORE_MESSAGES = FIGURES.connections - FIGURES.keptForMessage

/**
 * Returns the next steps, in order; none when the test is done. The first kind of step that has work counts: answers to
 * ask again, the suite, a sender that exists, messages and their arrival, controls.
 */
export function questions(answers: Answers, limits: Limits): readonly Question[] {
  for (const step of [again, suite, existingSender, messages, controls]) {
    const next = step(answers, limits)
    if (next.length > 0) return next
  }
  return []
}

/** Asks again what the last question left without an answer, or deferred (docs/verdict.md, rule 6). */
function again(answers: Answers): readonly Question[] {
  const { latest, now, first } = answers
  if (latest === null || first.failure !== null || now.isOver || connectionsLeft(answers, latest.within) <= 0) return []
  const rows = answers.rows.filter(({ attempt }) => latest.forms.includes(attempt.form))
  const waitOf = latest.kind === 'message' ? (row: Assessed) => againForMessage(answers, row) : againAfter
  if (!now.tls && rows.some(({ refusal }) => refusal === 'tls-required')) {
    return [{ ask: 'in-tls', rows: rows.filter((row) => row.refusal === 'tls-required' || waitOf(row) === 0) }]
  }
  const due = rows.flatMap((row) => {
    const waitMs = answers.retriesOf(row.attempt.form) < FIGURES.retries ? waitOf(row) : null
    return waitMs !== null && (waitMs === 0 || waitMs + FIGURES.visitMs <= now.msLeft) ? [{ row, waitMs }] : []
  })
  if (due.length === 0) return []
  const waitMs = Math.max(...due.map((each) => each.waitMs))
  // Greylisting and postscreen expect a new connection. Other servers can be asked on one that is open.
  const leaveAll = due.some(({ row }) => row.refusal === 'greylisted')
  return [{ ask: 'again', rows: due.map(({ row }) => row), leaveAll, waitMs }]
}

/** Asks the forms of the suite, and forms to be asked again: some on the first connection, the rest on several. */
function suite(answers: Answers, limits: Limits): readonly Question[] {
  const due = answers.rows
    .filter(({ attempt }) => isEnvelopeDue(answers, attempt))
    .map(({ attempt }) => envelopeOf(attempt))
  const envelopes = [...due, ...answers.suite.filter(({ form }) => !answers.has(form))]
  const unwritable = answers.unwritable.filter(({ form }) => !answers.has(form))
  const { failure } = answers.first
  if (unwritable.length > 0) return [{ ask: 'nothing', attempts: unwritable.map((one) => unasked(one, failure)) }]
  if (envelopes.length === 0) return []
  const { isOver, isStopped } = answers.now
  if (failure !== null || isOver) return nothingOf(envelopes, isStopped ? 'interrupted' : (failure ?? 'deadline'))
  return answers.firstPlan === null ? firstOf(envelopes, answers, limits) : restOf(envelopes, answers, limits)
}

function firstOf(envelopes: readonly Envelope[], answers: Answers, limits: Limits): readonly Question[] {
  const inTurn = !(answers.now.pipelining && answers.pipelining)
  const first = planFirst(envelopes, planRules(answers, limits), inTurn)
  const leave = !first.isLook && envelopes.some((envelope) => !first.plan.flat().includes(envelope))
  return [{ ask: 'first', first, leave, ...on(answers, BEFORE_MESSAGES) }]
}

/**
 * Asks the rest over all connections but the one that is kept for a message. If these are used up and no plain form was
 * accepted, uses that one too, last and alone: it stays open, so that it can also carry a message.
 */
function restOf(rest: readonly Envelope[], answers: Answers, limits: Limits): readonly Question[] {
  const { now, firstPlan } = answers
  const envelopes = [...rest, ...postmasterBesideSuite(answers, limits)]
  const spares = Array.from({ length: now.spares }, () => [])
  const onCurrent = now.current.isReady && firstPlan?.isLook === true
  const standing = onCurrent ? [firstPlan.plan, ...spares] : spares
  const room = connectionsLeft(answers, BEFORE_MESSAGES) + Number(onCurrent)
  const last = mayRelay(answers.rows) ? 0 : connectionsLeft(answers, FIGURES.connections) + Number(onCurrent) - room
  const isSparable = ({ form }: Envelope) => NOTHING_LEARNT.has(answers.row(form.id)?.refusal ?? null)
  const { plans, spared } = planWithin(envelopes, planRules(answers, limits), room + last, isSparable, standing)
  const restOn = (most: number, within: number): readonly Question[] => [
    ...nothingOf(spared, 'spared'),
    { ask: 'rest', plans: plans.slice(0, most), onCurrent, atOnce: answers.pace.atOnce, ...on(answers, within) },
  ]
  if (room > 0) return restOn(room, BEFORE_MESSAGES)
  return last > 0 ? restOn(last, FIGURES.connections) : nothingOf(envelopes, 'connection-limit')
}

/** The refusals of attempts that can be left out, because they tell nothing; null for no refusal. */
const NOTHING_LEARNT: ReadonlySet<Refusal | null> = new Set<Refusal | null>([null, 'throttled'])

/** In the full suite, asks postmaster along with other forms if the outside sender's refusal needs it (rule 4a). */
function postmasterBesideSuite(answers: Answers, limits: Limits): readonly Envelope[] {
  if (limits.suite !== 'full' || answers.row(POSTMASTER) || !wantsPostmaster(answers)) return []
  return written(answers, POSTMASTER)
}

/** Tries an own-domain sender that exists, if the invented one was refused as a sender (rule 4b). */
function existingSender(answers: Answers): readonly Question[] {
  if (answers.row(EXISTING_SENDER) || !wantsExistingSender(answers.rows)) return []
  return alone(answers, EXISTING_SENDER, BEFORE_MESSAGES)
}

/**
 * Sends messages for plain forms until one is accepted, and waits for them if the proof is delivery. If none arrives,
 * sends messages for ambiguous forms, one for each cause, and waits for these (rules 1 and 3).
 */
function messages(answers: Answers, limits: Limits): readonly Question[] {
  if (limits.proof === 'recipient') return []
  const candidates = answers.rows.filter((row) => isCandidate(answers, row))
  const plain = candidates.filter(({ attempt }) => attempt.form.recipient.kind === 'plain').slice(0, FIGURES.messages)
  const accepted = plain.find(isMessageAccepted)
  const next = accepted ? undefined : plain.find((row) => isUnsent(answers, row))
  if (next) return message(answers, next)
  if (limits.proof !== 'delivery') return []
  const sent = accepted ? [accepted] : plain.filter(({ attempt }) => mayArrive(attempt))
  const unawaited = sent.filter(({ attempt }) => !answers.wasAwaited(attempt.form))
  if (unawaited.length > 0) return [{ ask: 'arrivals', rows: unawaited, ms: limits.deliveryWaitMs }]
  if (accepted || hasArrived(answers)) return []
  return ambiguousMessages(answers, candidates, plain)
}

function ambiguousMessages(
  answers: Answers,
  candidates: readonly Assessed[],
  plain: readonly Assessed[],
): readonly Question[] {
  // A message that was refused at DATA did not go out. One whose final dot got no answer may have gone out.
  const out = plain.filter(({ attempt }) => wasSent(attempt)).length
  const ambiguous = candidates.filter(({ attempt }) => attempt.form.recipient.kind === 'ambiguous')
  const tried = oneOfEachCause(ambiguous).slice(0, Math.max(0, FIGURES.messages - out))
  const next = tried.find((row) => isUnsent(answers, row))
  if (next) return message(answers, next)
  const underWay = tried.filter(({ attempt }) => mayArrive(attempt))
  const unawaited = underWay.filter(({ attempt }) => !answers.wasAwaited(attempt.form))
  if (unawaited.length > 0) {
    return [{ ask: 'arrivals', rows: unawaited, ms: answers.now.msLeft - FIGURES.controlMs }]
  }
  return underWay.length > 0 ? alone(answers, RANDOM_LOCAL, FIGURES.connections) : []
}

/** Asks controls. They can change the verdict only if nothing was relayed and the own domain is certain (rule 4). */
function controls(answers: Answers): readonly Question[] {
  const { rows } = answers
  if (!answers.target.isDomainCertain || mayRelay(rows)) return []
  const suspects = rows.filter((row) => needsRepeat(row, rows))
  const wanted = [
    wantsPostmaster(answers) && !answers.row(POSTMASTER)?.decisive ? POSTMASTER : null,
    wantsRandomLocal(rows) ? RANDOM_LOCAL : null,
    suspects.some(({ attempt }) => !answers.isVouchedFor(attempt)) ? REPEAT : null,
  ]
  for (const id of wanted) {
    const next = id === null ? [] : alone(answers, id, FIGURES.connections)
    if (next.length > 0) return next
  }
  return []
}

/** Whether only postmaster can show that the server is closed, and does not refuse everything from us. */
const wantsPostmaster = (answers: Answers): boolean =>
  answers.target.isDomainCertain && !mayRelay(answers.rows) && answers.rows.some(needsPostmaster)

/** Asks a form that is in no suite, once. */
function alone(answers: Answers, id: string, within: number): readonly Question[] {
  if (answers.wasAskedAlone(id)) return []
  const onNew = answers.refusalsAtHand >= answers.pace.refusals
  return written(answers, id).map((envelope) => ({ ask: 'alone', envelope, onNew, ...on(answers, within) }))
}

const message = (answers: Answers, { attempt }: Assessed): readonly Question[] => [
  { ask: 'message', attempt, ...on(answers, FIGURES.connections) },
]

/** Returns the limits of a question that needs connections. */
const on = ({ pipelining }: Answers, within: number) => ({ within, pipelining })

/** Returns a question that keeps envelopes as not run, with the reason; none for no envelopes. */
const nothingOf = (envelopes: readonly Envelope[], why: Why): readonly Question[] =>
  envelopes.length === 0 ? [] : [{ ask: 'nothing', attempts: notRun(envelopes, why) }]

/** Returns the attempt of a form that cannot be written. If the whole test failed, that is the reason. */
const unasked = ({ form, why }: Unwritable, failure: Why | null): Attempt => ({
  form,
  mailFrom: null,
  rcptTo: null,
  connection: null,
  exchanges: [],
  seen: null,
  why: failure ?? why,
})

/** Returns the envelope of a form in a list, or an empty list if it cannot be written. */
function written(answers: Answers, id: string): readonly Envelope[] {
  const form = formOf(id)
  const spelled = spell(form, answers.target.namesFor(form))
  return isEnvelope(spelled) ? [spelled] : []
}

function planRules(answers: Answers, { suite }: Limits): PlanRules {
  const [repeat = null] = suite === 'full' ? written(answers, REPEAT) : []
  return { pace: answers.pace, taken: answers.takenSenders, repeat }
}

const connectionsLeft = ({ now }: Answers, within: number): number => within - now.opened + now.spares

/** Whether to ask an envelope again. If its message was tried, the message is sent again instead. */
const isEnvelopeDue = (answers: Answers, { form }: Attempt): boolean =>
  answers.isDue(form) && answers.messageOf(form) === null

const envelopeOf = ({ form, mailFrom, rcptTo }: Attempt): Envelope => ({
  form,
  mailFrom: mailFrom ?? '',
  rcptTo: rcptTo ?? '',
})

/** Whether a message may be sent for a row, or was. */
function isCandidate(answers: Answers, { attempt: { form }, outcome }: Assessed): boolean {
  const wasTried = answers.messageOf(form) !== null
  return wasTried || (outcome === 'accepted' && answers.target.mayCarryMessage(form))
}

const isUnsent = (answers: Answers, { attempt: { form } }: Assessed): boolean =>
  answers.messageOf(form) === null || answers.isDue(form)

const isMessageAccepted = ({ evidence }: Assessed): boolean =>
  evidence === 'message-accepted' || evidence === 'delivered'

const hasArrived = ({ rows }: Answers): boolean => rows.some(({ evidence }) => evidence === 'delivered')

/** Keeps one attempt for each cause: one message is enough to show it. */
function oneOfEachCause(rows: readonly Assessed[]): Assessed[] {
  const causes = rows.map(({ attempt }) => causeOf(attempt.form))
  return rows.filter((_row, index) => causes.indexOf(causes[index] ?? 'everyone') === index)
}

/** Returns 0 if a message is worth sending again, or null. It is only if the server has not accepted its MAIL. */
const againForMessage = (answers: Answers, { attempt }: Assessed): number | null =>
  answers.messageOf(attempt.form)?.mailTaken ? null : 0

/**
 * Returns after how many milliseconds it is worth asking again on a new connection, or null if it is not. It is after
 * a missing answer, throttling, postscreen (which accepts a client that comes back), and greylisting with a known end.
 */
function againAfter({ attempt, outcome, refusal, decisive }: Assessed): number | null {
  if (outcome === 'not-run') return attempt.why !== null && WORTH_ASKING_AGAIN.has(attempt.why) ? 0 : null
  if (refusal === 'throttled') return 0
  if (refusal !== 'greylisted' || !decisive) return null
  if (decisive.reply.enhanced === '4.3.2') return 0
  const [, number, unit] =
    /(\d{1,4}) ?(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?)\b/i.exec(decisive.reply.lines.join(' ')) ?? []
  return number === undefined ? null : Number(number) * (unit?.toLowerCase().startsWith('m') ? 60_000 : 1_000)
}

/** The reasons of missing answers that can be different on a new connection. */
const WORTH_ASKING_AGAIN: ReadonlySet<Why> = new Set<Why>([
  'dropped',
  'slowing',
  'connection-limit',
  'transaction-ended',
  'protocol-error',
])
