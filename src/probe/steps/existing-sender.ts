/** The step that tries an own-domain sender that exists. */
import { EXISTING_SENDER, wantsExistingSender } from '../../relay/controls.ts'
import type { Answers } from '../answers.ts'
import type { Question } from '../question.ts'
import { alone, BEFORE_MESSAGES } from './parts.ts'

/** Tries an own-domain sender that exists, if the invented one was refused as a sender (rule 4b). */
export function existingSender(answers: Answers): readonly Question[] {
  if (answers.row(EXISTING_SENDER) || !wantsExistingSender(answers.rows)) return []
  return alone(answers, EXISTING_SENDER, BEFORE_MESSAGES)
}
