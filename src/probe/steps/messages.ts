/** The step that sends messages, and waits for them to reach our mailbox. */
import { type Assessed, mayArrive, wasSent } from '../../relay/assess.ts'
import { RANDOM_LOCAL } from '../../relay/controls.ts'
import { causeOf } from '../../relay/forms.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Limits, Question } from '../question.ts'
import { alone, on } from './parts.ts'

/**
 * Sends messages for plain forms until one is accepted, and waits for them if the proof is delivery. If none arrives,
 * sends messages for ambiguous forms, one for each cause, and waits for these (rules 1 and 3).
 */
export function messages(answers: Answers, limits: Limits): readonly Question[] {
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

const message = (answers: Answers, { attempt }: Assessed): readonly Question[] => [
  { ask: 'message', attempt, ...on(answers, FIGURES.connections) },
]

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
