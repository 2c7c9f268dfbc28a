/** Helps several steps: counts the connections that are left, and asks one form. */
import { mayRelay } from '../../relay/assess.ts'
import { needsPostmaster } from '../../relay/controls.ts'
import { type Envelope, isEnvelope, spell } from '../../relay/envelope.ts'
import { formOf } from '../../relay/forms.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { Question } from '../question.ts'

/** The connections that a test may open while it may still need one for a message. */
export const BEFORE_MESSAGES = FIGURES.connections - FIGURES.keptForMessage

/** Returns how many more connections may be used, of that many in all. Sessions opened ahead can still be used. */
export const connectionsLeft = ({ now }: Answers, within: number): number => within - now.opened + now.spares

/** Returns the limits of a question that needs connections. */
export const on = ({ pipelining, reset }: Answers, within: number) => ({ within, pipelining, reset })

/** Returns the envelope of a form in a list, or an empty list if it cannot be written. */
export function written(answers: Answers, id: string): readonly Envelope[] {
  const form = formOf(id)
  const spelled = spell(form, answers.target.namesFor(form))
  return isEnvelope(spelled) ? [spelled] : []
}

/** Asks a form that is in no suite, once. */
export function alone(answers: Answers, id: string, within: number): readonly Question[] {
  if (answers.wasAskedAlone(id)) return []
  const onNew = answers.refusalsAtHand >= answers.pace.refusals
  return written(answers, id).map((envelope) => ({ ask: 'alone', envelope, onNew, ...on(answers, within) }))
}

/** Whether only postmaster can show that the server is closed, and does not refuse everything from us. */
export const wantsPostmaster = (answers: Answers): boolean =>
  answers.target.isDomainCertain && !mayRelay(answers.rows) && answers.rows.some(needsPostmaster)
