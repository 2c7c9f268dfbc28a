/** The step that asks the forms of the suite, and forms that are due again. */
import type { Refusal, Suite, Why } from '../../contract/words.ts'
import { mayRelay } from '../../relay/assess.ts'
import type { Attempt } from '../../relay/attempt.ts'
import { AT_END } from '../../relay/controls.ts'
import { type Envelope, envelopeOf, type Unwritable } from '../../relay/envelope.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import { type PlanRules, planFirst, planWithin } from '../plan.ts'
import type { ProbeLimits, Question } from '../question.ts'
import { notRun } from '../record.ts'
import { BEFORE_MESSAGES, connectionsLeft, isInPart, on, written } from './parts.ts'

/** Asks the forms of one part of the suite, and forms to be asked again. */
export function suite(answers: Answers, _limits: ProbeLimits, part: Suite): readonly Question[] {
  const due = answers.rows
    .filter((row) => isInPart(row, part) && isEnvelopeDue(answers, row.attempt))
    .map(({ attempt }) => envelopeOf(attempt))
  const isNew = ({ form }: { readonly form: Envelope['form'] }) =>
    !answers.has(form) && (part === 'full' || form.suites.includes('standard'))
  const envelopes = [...due, ...answers.suite.filter(isNew)]
  const unwritable = answers.unwritable.filter(isNew)
  const { failure } = answers.first
  if (unwritable.length > 0) return [{ ask: 'nothing', attempts: unwritable.map((one) => unasked(one, failure)) }]
  if (envelopes.length === 0) return []
  const { isOver, isStopped } = answers.now
  if (failure !== null || isOver) return nothingOf(envelopes, isStopped ? 'interrupted' : (failure ?? 'deadline'))
  return answers.firstPlan === null ? firstOf(envelopes, answers, part) : restOf(envelopes, answers, part)
}

/** Asks on the current session what fits there. The answers show how to go on. */
function firstOf(envelopes: readonly Envelope[], answers: Answers, part: Suite): readonly Question[] {
  const plan = planFirst(envelopes, planRules(answers, part))
  const leave = envelopes.some((envelope) => !plan.flat().includes(envelope))
  return [{ ask: 'first', plan, leave, ...on(answers, BEFORE_MESSAGES) }]
}

/**
 * Asks the rest over all connections except the one that is kept for a message. If these are used up and no plain form
 * was accepted, uses that one too, last and alone. It stays open, so that it can also carry a message.
 */
function restOf(envelopes: readonly Envelope[], answers: Answers, part: Suite): readonly Question[] {
  const { now } = answers
  const isOpen = now.current.isReady && part === 'full'
  const standing = isOpen ? [answers.askedOn(now.current.number)] : []
  const room = connectionsLeft(answers, BEFORE_MESSAGES)
  const all = mayRelay(answers.rows) ? room : connectionsLeft(answers, FIGURES.connections)
  const isSparable = ({ form }: Envelope) => NOTHING_LEARNT.has(answers.row(form.id)?.refusal ?? null)
  const most = all + Number(isOpen)
  const { onCurrent, plans, spared } = planWithin(envelopes, planRules(answers, part), most, isSparable, standing)
  const restOn = (count: number, within: number): readonly Question[] => [
    ...nothingOf(spared, 'spared'),
    { ask: 'rest', onCurrent, plans: plans.slice(0, count), atOnce: answers.pace.atOnce, ...on(answers, within) },
  ]
  if (room > 0 || onCurrent.length > 0) return restOn(Math.max(0, room), BEFORE_MESSAGES)
  return all > 0 ? restOn(all, FIGURES.connections) : nothingOf(envelopes, 'connection-limit')
}

/** The refusals of attempts that can be left out, because they tell nothing; null for no refusal. */
const NOTHING_LEARNT: ReadonlySet<Refusal | null> = new Set<Refusal | null>([null, 'throttled'])

/** Returns the rules of a plan. In the full part, the first question ends each plan: a ban would change its answer. */
function planRules(answers: Answers, part: Suite): PlanRules {
  const [repeat = null] = part === 'full' ? written(answers, AT_END) : []
  return { pace: answers.pace, taken: answers.takenSenders, repeat }
}

/** Whether to ask an envelope again. If its message was tried, the message is sent again instead. */
const isEnvelopeDue = (answers: Answers, { form }: Attempt): boolean =>
  answers.isDue(form) && answers.messageOf(form) === null

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
