/**
 * Checks that a verdict does not contradict what was observed. The rules in verdict.ts keep these invariants. If one is
 * broken, there is a mistake in the rules, and no verdict is better than a wrong one.
 */
import { type Assessed, wasSent } from './assess.ts'
import { OUTSIDE } from './controls.ts'
import type { Judgement } from './judgement.ts'
import { isAcceptedSoFar, saysNothing, triedToRelay } from './local.ts'

/** Throws if a verdict contradicts its observations. */
export function checkJudgement(judgement: Judgement): void {
  const broken = INVARIANTS.filter(([, holds]) => !holds(judgement)).map(([name]) => name)
  if (broken.length > 0) throw new Error(`the verdict ${judgement.verdict} is impossible: ${broken.join('; ')}`)
}

const isPlain = ({ attempt }: Assessed): boolean => attempt.form.recipient.kind === 'plain'
const isDelivered = ({ evidence }: Assessed): boolean => evidence === 'delivered'

type Invariant = readonly [name: string, holds: (judgement: Judgement) => boolean]

const INVARIANTS: readonly Invariant[] = [
  ['what was delivered had been sent', ({ rows }) => rows.filter(isDelivered).every(({ attempt }) => wasSent(attempt))],
  ['a delivered message means open', ({ verdict, rows }) => verdict === 'open' || !rows.some(isDelivered)],
  [
    'open needs a message of a plain form, or a delivered one',
    ({ verdict, rows }) =>
      verdict !== 'open' ||
      rows.some((row) => isDelivered(row) || (isPlain(row) && row.evidence === 'message-accepted')),
  ],
  [
    'closed needs a refusal of the outside sender',
    ({ verdict, rows }) =>
      verdict !== 'closed' ||
      rows.some(({ attempt, outcome, decisive }) => attempt.form.id === OUTSIDE && outcome !== 'accepted' && decisive),
  ],
  [
    'closed means that no outside recipient was accepted where that says anything',
    ({ verdict, rows }) =>
      verdict !== 'closed' ||
      !rows.some(
        (row) =>
          isPlain(row) &&
          isAcceptedSoFar(row) &&
          (isStandard(row) || row.outcome === 'refused' || !saysNothing(row, rows)),
      ),
  ],
  ['closed means that nothing was passed on', ({ verdict, rows }) => verdict !== 'closed' || !rows.some(triedToRelay)],
  [
    'closed means that each form of the standard suite has an answer',
    ({ verdict, rows }) => verdict !== 'closed' || rows.every((row) => !isStandard(row) || isAnswered(row)),
  ],
]

const isStandard = ({ attempt: { form } }: Assessed): boolean => form.suites.includes('standard')

/** Whether a form has an answer. A form that cannot be written for this target needs none. */
const isAnswered = ({ decisive, attempt: { why } }: Assessed): boolean =>
  decisive !== null || why === 'local-part-too-long' || why === 'host-unknown'
