/**
 * Says what is worth asking next. A pure function of the answers so far: it opens no socket and reads no clock, so that
 * the whole engine can be tested against a model of a server in memory.
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

/** What a test may ask, and how far it may go. */
export interface Limits {
  readonly suite: Suite
  readonly proof: Proof
  /** How long to wait for the message of a plain form to arrive, in milliseconds. */
  readonly deliveryWaitMs: number
}

/** Until there is no message to send any more, one connection is kept for it. */
const BEFORE_MESSAGES = FIGURES.connections - FIGURES.keptForMessage

/**
 * Returns what to do next, in order; nothing when the test is done. The steps, first to last: what is worth another go,
 * the suite, a sender that exists, messages and their arrival, controls.
 */
export function questions(answers: Answers, limits: Limits): readonly Question[] {
  for (const step of [again, suite, existingSender, messages, controls]) {
    const next = step(answers, limits)
    if (next.length > 0) return next
  }
  return []
}

/** What was asked last and is worth another go (docs/verdict.md, rule 6). */
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

/** The forms of the suite, and whatever is due once more: some on the first connection, the rest on several. */
function suite(answers: Answers, limits: Limits): readonly Question[] {
  const due = answers.rows
    .filter(({ attempt }) => isEnvelopeDue(answers, attempt))
    .map(({ attempt }) => envelopeOf(attempt))
  const envelopes = [...due, ...answers.suite.filter(({ form }) => !answers.has(form))]
  const unwritable = answers.unwritable.filter(({ form }) => !answers.has(form))
  const { failure } = answers.first
  if (unwritable.length > 0) return [{ ask: 'nothing', attempts: unwritable.map((one) => unasked(one, failure)) }]
  if (envelopes.length === 0) return []
  if (failure !== null) return nothingOf(envelopes, answers.now.isStopped ? 'interrupted' : failure)
  return answers.firstPlan === null ? firstOf(envelopes, answers, limits) : restOf(envelopes, answers, limits)
}

function firstOf(envelopes: readonly Envelope[], answers: Answers, limits: Limits): readonly Question[] {
  const inTurn = !(answers.now.pipelining && answers.pipelining)
  const first = planFirst(envelopes, planRules(answers, limits), inTurn)
  const leave = !first.isLook && envelopes.some((envelope) => !first.plan.flat().includes(envelope))
  return [{ ask: 'first', first, leave, ...on(answers, BEFORE_MESSAGES) }]
}

/**
 * The rest, over as many connections as there may be without the one that is kept for a message. That one is asked last
 * and alone, only while nothing was accepted, and is never left: if an envelope is accepted on it, it carries the
 * message too.
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

/** What an attempt came to that can be given up without a loss. */
const NOTHING_LEARNT: ReadonlySet<Refusal | null> = new Set<Refusal | null>([null, 'throttled'])

/** The postmaster control goes along with the full suite, where the outside sender's refusal calls for it (rule 4a). */
function postmasterBesideSuite(answers: Answers, limits: Limits): readonly Envelope[] {
  if (limits.suite !== 'full' || answers.row(POSTMASTER) || !wantsPostmaster(answers)) return []
  return written(answers, POSTMASTER)
}

/** An own-domain sender that exists, where the invented one was refused for what it is (rule 4b). */
function existingSender(answers: Answers): readonly Question[] {
  if (answers.row(EXISTING_SENDER) || !wantsExistingSender(answers.rows)) return []
  return alone(answers, EXISTING_SENDER, BEFORE_MESSAGES)
}

/**
 * Messages: for plain forms until one is accepted; where none is and arrival is the proof, for ambiguous ones, each
 * cause once (rules 1 and 3). Then what reaches our mailbox.
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
  // A message that was refused at DATA never went out; one whose dot was not answered may have.
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

/** Controls can change the verdict only while nothing was relayed and the own domain is certain (rules 4a to 4c). */
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

/** Whether only an accepted postmaster can tell a closed server from one that refuses everything we ask. */
const wantsPostmaster = (answers: Answers): boolean =>
  answers.target.isDomainCertain && !mayRelay(answers.rows) && answers.rows.some(needsPostmaster)

/** Asks for a form outside the suite, once. */
function alone(answers: Answers, id: string, within: number): readonly Question[] {
  if (answers.wasAskedAlone(id)) return []
  const onNew = answers.refusalsAtHand >= answers.pace.refusals
  return written(answers, id).map((envelope) => ({ ask: 'alone', envelope, onNew, ...on(answers, within) }))
}

const message = (answers: Answers, { attempt }: Assessed): readonly Question[] => [
  { ask: 'message', attempt, ...on(answers, FIGURES.connections) },
]

/** How a question is asked on connections. */
const on = ({ pipelining }: Answers, within: number) => ({ within, pipelining })

/** Keeps why envelopes are not asked. */
const nothingOf = (envelopes: readonly Envelope[], why: Why): readonly Question[] =>
  envelopes.length === 0 ? [] : [{ ask: 'nothing', attempts: notRun(envelopes, why) }]

/** An attempt of a form that cannot be written; where the server could not be asked either, that is why. */
const unasked = ({ form, why }: Unwritable, failure: Why | null): Attempt => ({
  form,
  mailFrom: null,
  rcptTo: null,
  connection: null,
  exchanges: [],
  seen: null,
  why: failure ?? why,
})

/** The envelope of a form, if it can be written. */
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

/** Whether an attempt is due once more as an envelope; a form whose message was tried is due with its message. */
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

/** Of several spellings that exploit the same trust, one is enough to send. */
function oneOfEachCause(rows: readonly Assessed[]): Assessed[] {
  const causes = rows.map(({ attempt }) => causeOf(attempt.form))
  return rows.filter((_row, index) => causes.indexOf(causes[index] ?? 'everyone') === index)
}

/** A message deserves another go where the server did not even accept its sender: on a new session it may. */
const againForMessage = (answers: Answers, { attempt }: Assessed): number | null =>
  answers.messageOf(attempt.form)?.mailTaken ? null : 0

/**
 * Whether another go on a new connection can tell more, and after how many milliseconds: for a missing answer, for "too
 * many" of anything, for postscreen (which accepts a client that comes back), and for greylisting that says how long it
 * lasts.
 */
function againAfter({ attempt, outcome, refusal, decisive }: Assessed): number | null {
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
