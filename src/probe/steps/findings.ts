/** The steps that ask for findings. Their answers never change the verdict, so they open no connection themselves. */
import { mayArrive, mayRelay } from '../../relay/assess.ts'
import { mayBeSpoofable, OWN_SENDER_TO_LOCAL, RANDOM_LOCAL } from '../../relay/controls.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { ProbeLimits, Question } from '../question.ts'
import { alone } from './parts.ts'

/** Asks whether the own-domain sender may write to a mailbox of its domain, if nothing was relayed. */
export function spoofing(answers: Answers): readonly Question[] {
  const { rows, known } = answers
  return !mayRelay(rows) && mayBeSpoofable(rows, known) ? once(answers, OWN_SENDER_TO_LOCAL) : []
}

/** Asks for a random local part if the server accepted a message that does not arrive. */
export function deliversNothing(answers: Answers, { proof }: ProbeLimits): readonly Question[] {
  const waited = answers.rows.filter(({ attempt }) => mayArrive(attempt) && answers.wasAwaited(attempt.form))
  const isPlain = waited.some(({ attempt }) => attempt.form.recipient.kind === 'plain')
  const isSilent = waited.every(({ attempt }) => attempt.seen === null)
  return proof === 'delivery' && isPlain && isSilent ? once(answers, RANDOM_LOCAL) : []
}

/** Asks one question, if there is time, and an open session that still accepts questions. */
function once(answers: Answers, id: string): readonly Question[] {
  const { now, pace, reset, refusalsAtHand, target } = answers
  const isRoom = now.current.isReady && refusalsAtHand < pace.refusals && reset !== 'none'
  const isTime = !now.isOver && now.msLeft > FIGURES.controlMs
  const isNew = answers.askedAlone(id) === 0 && answers.row(id) === undefined
  if (!isNew || !target.isDomainCertain || !isRoom || !isTime) return []
  // In a group, a server can accept RCPT after it refused MAIL: then no answer of the session would count.
  const questions = alone(answers, [id], now.opened).filter(({ onNew }) => !onNew)
  return questions.map((question) => ({ ...question, pipelining: false }))
}
