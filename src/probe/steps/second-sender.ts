/** The step that tries a second sender at the own domain. */
import { mayRelay } from '../../relay/assess.ts'
import { secondSenderAfter as nextSender } from '../../relay/controls.ts'
import type { Answers } from '../answers.ts'
import type { Question } from '../question.ts'
import { alone, BEFORE_MESSAGES } from './parts.ts'

/** Tries a second sender at the own domain if the first one was refused and nothing was relayed (rule 4b). */
export function secondSender(answers: Answers): readonly Question[] {
  const id = mayRelay(answers.rows) ? null : nextSender(answers.rows, answers.known)
  return id === null || answers.row(id) ? [] : alone(answers, [id], BEFORE_MESSAGES)
}
