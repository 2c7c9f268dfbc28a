/** The step that asks for a recipient whose domain names the server in its MX records. */
import { mayRelay } from '../../relay/assess.ts'
import { MX_STEERED } from '../../relay/forms.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'
import { alone } from './parts.ts'

/** Asks for a recipient in our zone, if there is a zone and nothing was relayed (rule 4e). */
export function mxSteered(answers: Answers): readonly Question[] {
  const { now, rows, target } = answers
  if (target.steered === null || now.isOver || mayRelay(rows) || answers.row(MX_STEERED)) return []
  return alone(answers, [MX_STEERED], FIGURES.connections)
}
