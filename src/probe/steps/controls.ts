/** The step that asks the controls. */
import { mayRelay } from '../../relay/assess.ts'
import { needsRepeat, POSTMASTER, RANDOM_LOCAL, REPEAT, wantsRandomLocal } from '../../relay/controls.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'
import { alone, wantsPostmaster } from './parts.ts'

/** Asks controls. They can change the verdict only if nothing was relayed and the own domain is certain (rule 4). */
export function controls(answers: Answers): readonly Question[] {
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
