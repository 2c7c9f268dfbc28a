/** How a test of the command ended: its exit code, and its error as one line. */
import { RelayTestProblem } from '../client/client.ts'
import type { Verdict } from '../contract/words.ts'
import { oneLine } from '../render/one-line.ts'

/** The end of one test: its verdict, or `error` if there is none. */
export type Ending = Verdict | 'error'

const EXIT_CODES = { closed: 0, open: 1, inconclusive: 2, error: 3 } as const satisfies Record<Ending, number>

/** The endings, worst last. An open server must not be hidden by a test that failed. */
const RANKS: readonly Ending[] = ['closed', 'inconclusive', 'error', 'open']

/** Returns the exit code of the worst ending; that of an error if there are none. */
export function exitCodeOf(endings: readonly Ending[]): number {
  return EXIT_CODES[RANKS.findLast((ending) => endings.includes(ending)) ?? 'error']
}

/** The API calls the target `ip` or `name`. On the command line it has no name, so the prefix is removed. */
const TARGET_PREFIX = /^(?:ip|name): /
const NO_KEY = 'RELAY_TESTS_KEY: the service does not accept this key: it is missing, mistyped or expired'

/** Returns an error as one line. A refused request names the options at fault. */
export function lineFor(error: unknown): string {
  if (!(error instanceof RelayTestProblem)) return oneLine(error instanceof Error ? error.message : String(error))
  const { errors, detail, slug, lastTest } = error
  const faults = errors.length > 0 ? errors.map((fault) => `${fault.pointer.slice(1)}: ${fault.detail}`) : [detail]
  const reason =
    slug === 'unauthenticated' ? NO_KEY : faults.map((fault) => fault.replace(TARGET_PREFIX, '')).join('; ')
  const last = lastTest ? ` Its last test, ${lastTest.id}, ended ${lastTest.verdict}.` : ''
  return oneLine(`${reason}${last} (${slug})`)
}
