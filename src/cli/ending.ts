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
  return EXIT_CODES[RANKS.findLast((ending) => endings.includes(ending)) ?? 'error']
}

/** What was typed as the target has a name in the API only. */
const NAMELESS = /^(?:ip|name): /
const NO_KEY = 'RELAY_TESTS_KEY: the service takes no such key: it is missing, mistyped or expired'

/** An error in one line, the options at fault by their names. */
export function lineFor(error: unknown): string {
  if (!(error instanceof RelayTestProblem)) return oneLine(error instanceof Error ? error.message : String(error))
  const { errors, detail, slug, lastTest } = error
  const faults = errors.length > 0 ? errors.map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`) : [detail]
  const what = slug === 'unauthenticated' ? NO_KEY : faults.map((fault) => fault.replace(NAMELESS, '')).join('; ')
  const last = lastTest ? ` Its last test, ${lastTest.id}, ended ${lastTest.verdict}.` : ''
  return oneLine(`${what}${last} (${slug})`)
}
