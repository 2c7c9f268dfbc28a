/** The step that asks the controls. */
import { mayRelay } from '../../relay/assess.ts'
import { wantedControls } from '../../relay/controls.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'
import { alone } from './parts.ts'

/** Asks controls. They can change the verdict only if nothing was relayed and the own domain is certain (rule 4). */
export function controls(answers: Answers): readonly Question[] {
  const { rows, known, target, now } = answers
  if (!target.isDomainCertain || mayRelay(rows)) return []
  const ids = wantedControls({
    rows,
    known,
    isDomainDefault: target.domain?.source === 'customer',
    session: now.current.isReady ? now.current.number : null,
    asked: (id) => answers.askedAlone(id),
  })
  return ids.length === 0 ? [] : alone(answers, ids, FIGURES.connections)
}
