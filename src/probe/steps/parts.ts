/** Helps several steps: counts the connections that are left, and asks one form. */
import type { Suite } from '../../contract/words.ts'
import type { Assessed } from '../../relay/assess.ts'
import { type Envelope, isEnvelope, spell } from '../../relay/envelope.ts'
import { formOf } from '../../relay/forms.ts'
import type { Answers } from '../answers.ts'
import { FIGURES } from '../pace.ts'
import type { AskAlone } from '../question.ts'

/** The connections that a test may open while it may still need one for a message. */
export const BEFORE_MESSAGES = FIGURES.connections - FIGURES.keptForMessage

/** Returns how many more connections may be opened if `within` are allowed in all. */
export const connectionsLeft = ({ now }: Answers, within: number): number => within - now.opened

/** Returns the limits of a question that needs connections. */
export const on = ({ pipelining, reset }: Answers, within: number) => ({ within, pipelining, reset })

/** Returns a list with the envelope of a form; an empty list if the form cannot be written. */
export function written(answers: Answers, id: string): readonly Envelope[] {
  const form = formOf(id)
  const spelled = spell(form, answers.target.namesFor(form))
  return isEnvelope(spelled) ? [spelled] : []
}

/** Asks forms with the same sender, in order, on one session. */
export function alone(answers: Answers, ids: readonly string[], within: number): readonly AskAlone[] {
  const envelopes = ids.flatMap((id) => written(answers, id))
  if (envelopes.length === 0 || envelopes.length < ids.length) return []
  const plan = answers.pace.recipients >= envelopes.length ? [envelopes] : envelopes.map((envelope) => [envelope])
  const { pace, now } = answers
  const onNew =
    answers.refusalsAtHand >= pace.refusals || answers.askedOn(now.current.number).length >= pace.transactions
  return [{ ask: 'alone', plan, onNew, ...on(answers, within) }]
}

/** Whether a row belongs to a part of the test, or to an earlier one. */
export const isInPart = ({ attempt: { form } }: Assessed, part: Suite): boolean =>
  part === 'full' || form.part === 'standard'
