/** The step that asks the first question again in TLS. */
import { mayRelay } from '../../relay/assess.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'
import { alone } from './parts.ts'

const IN_TLS = 'outside-sender-in-tls'

/** Asks the outside sender again in TLS, if the server offers STARTTLS and nothing was relayed (rule 4d). */
export function inTls(answers: Answers): readonly Question[] {
  const { first, now, rows } = answers
  const isOffered = first.extensions.some((line) => line.trim().toUpperCase() === 'STARTTLS')
  if (!isOffered || now.tls || now.isOver || mayRelay(rows) || answers.row(IN_TLS)) return []
  const question = alone(answers, [IN_TLS], FIGURES.connections)
  return question.length === 0 ? [] : [{ ask: 'in-tls', rows: [] }, ...question]
}
