/** The step that asks the forms of the suite, and forms that are due again. */
import type { Refusal, Why } from '../../contract/words.ts'
import { mayRelay } from '../../relay/assess.ts'
import type { Attempt } from '../../relay/attempt.ts'
import { POSTMASTER, REPEAT } from '../../relay/controls.ts'
import type { Envelope, Unwritable } from '../../relay/envelope.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import { type PlanRules, planFirst, planWithin } from '../plan.ts'
import type { Limits, Question } from '../question.ts'
import { notRun } from '../record.ts'
import { BEFORE_MESSAGES, connectionsLeft, on, wantsPostmaster, written } from './parts.ts'

/** Asks the forms of the suite, and forms to be asked again: some on the first connection, the rest on several. */
export function suite(answers: Answers, limits: Limits): readonly Question[] {
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

function planRules(answers: Answers, { suite }: Limits): PlanRules {
  const [repeat = null] = suite === 'full' ? written(answers, REPEAT) : []
  return { pace: answers.pace, taken: answers.takenSenders, repeat }
}

/** Whether to ask an envelope again. If its message was tried, the message is sent again instead. */
const isEnvelopeDue = (answers: Answers, { form }: Attempt): boolean =>
  answers.isDue(form) && answers.messageOf(form) === null

const envelopeOf = ({ form, mailFrom, rcptTo }: Attempt): Envelope => ({
  form,
  mailFrom: mailFrom ?? '',
  rcptTo: rcptTo ?? '',
})

/** Returns a question that keeps envelopes as not run, with the reason; none for no envelopes. */
const nothingOf = (envelopes: readonly Envelope[], why: Why): readonly Question[] =>
  envelopes.length === 0 ? [] : [{ ask: 'nothing', attempts: notRun(envelopes, why) }]

/** Returns the attempt of a form that cannot be written. If the whole test failed, that is the reason. */
const unasked = ({ form, why }: Unwritable, failure: Why | null): Attempt => ({
  form,
  mailFrom: null,
  rcptTo: null,
  connection: null,
  node: null,
  exchanges: [],
  seen: null,
  why: failure ?? why,
})
