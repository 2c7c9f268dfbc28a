/**
 * Checks that a verdict does not contradict what was observed, from one vantage or from two. The rules keep these
 * invariants. If one is broken, there is a mistake in the rules, and no verdict is better than a wrong one.
 */
import type { Verdict } from '../contract/words.ts'
import { type Assessed, wasSent } from './assess.ts'
import { OUTSIDE } from './controls.ts'
import { isAcceptedSoFar, saysNothing, triedToRelay } from './local.ts'

/**
 * Throws if a verdict contradicts the observations.
 *
 * @param runs the rows of each vantage
 */
export function checkVerdict(verdict: Verdict, runs: readonly (readonly Assessed[])[]): void {
  const inEach = IN_EACH_RUN.filter(([, holds]) => !runs.every((rows) => holds(verdict, rows)))
  const inOne = IN_ONE_RUN.filter(([, holds]) => !runs.some((rows) => holds(verdict, rows)))
  const broken = [...inEach, ...inOne].map(([name]) => name)
  if (broken.length > 0) throw new Error(`the verdict ${verdict} is impossible: ${broken.join('; ')}`)
}

const isPlain = ({ attempt }: Assessed): boolean => attempt.form.recipient.kind === 'plain'
const isDelivered = ({ evidence }: Assessed): boolean => evidence === 'delivered'

type Invariant = readonly [name: string, holds: (verdict: Verdict, rows: readonly Assessed[]) => boolean]

/** The invariants that hold for each vantage by itself. */
const IN_EACH_RUN: readonly Invariant[] = [
  ['what was delivered had been sent', (_, rows) => rows.filter(isDelivered).every(({ attempt }) => wasSent(attempt))],
  ['a delivered message means open', (verdict, rows) => verdict === 'open' || !rows.some(isDelivered)],
  [
    'closed means that no outside recipient was accepted where that says anything',
    (verdict, rows) =>
      verdict !== 'closed' ||
      !rows.some(
        (row) =>
          isPlain(row) &&
          isAcceptedSoFar(row) &&
          (isStandard(row) || row.outcome === 'refused' || !saysNothing(row, rows)),
      ),
  ],
  ['closed means that nothing was passed on', (verdict, rows) => verdict !== 'closed' || !rows.some(triedToRelay)],
]

/** The invariants that one of the vantages is enough for. */
const IN_ONE_RUN: readonly Invariant[] = [
  [
    'open needs a message of a plain form, or a delivered one',
    (verdict, rows) =>
      verdict !== 'open' ||
      rows.some((row) => isDelivered(row) || (isPlain(row) && row.evidence === 'message-accepted')),
  ],
  [
    'closed needs a refusal of the outside sender',
    (verdict, rows) =>
      verdict !== 'closed' ||
      rows.some(({ attempt, outcome, decisive }) => attempt.form.id === OUTSIDE && outcome !== 'accepted' && decisive),
  ],
  [
    'closed means that each form of the standard suite has an answer',
    (verdict, rows) => verdict !== 'closed' || rows.every((row) => !isStandard(row) || isAnswered(row)),
  ],
]

const isStandard = ({ attempt: { form } }: Assessed): boolean => form.suites.includes('standard')

/** Whether a form has an answer. A form that cannot be written for this target needs none. */
const isAnswered = ({ decisive, attempt: { why } }: Assessed): boolean =>
  decisive !== null || why === 'local-part-too-long' || why === 'host-unknown'
