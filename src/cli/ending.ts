import { RelayTestProblem } from '../client/client.ts'
import type { Verdict } from '../contract/words.ts'
import { oneLine } from './mistake.ts'

/** How one test ended, as the exit code tells it. */
export type Ending = Verdict | 'error'

const EXIT_CODES = { closed: 0, open: 1, inconclusive: 2, error: 3 } as const satisfies Record<Ending, number>

/** The worst last: that a server is open must not hide behind a test that failed. */
const RANKS: readonly Ending[] = ['closed', 'inconclusive', 'error', 'open']

/** The exit code of many endings: that of the worst. */
export function exitCodeOf(endings: readonly Ending[]): number {
  const worst = Math.max(...endings.map((ending) => RANKS.indexOf(ending)))
  return EXIT_CODES[RANKS[worst] ?? 'error']
}

/** An error in one line, the options at fault by their names. */
export function lineFor(error: unknown): string {
  if (!(error instanceof RelayTestProblem)) return oneLine(error instanceof Error ? error.message : String(error))
  const { errors, detail, slug, lastTest } = error
  const faults = errors.map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`)
  const last = lastTest ? ` Its last test, ${lastTest.id}, ended ${lastTest.verdict}.` : ''
  return oneLine(`${faults.length > 0 ? faults.join('; ') : detail}${last} (${slug})`)
}
