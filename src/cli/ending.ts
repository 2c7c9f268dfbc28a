/** How a test of the command ended: its exit code, and its error as one line. */
import { type FieldError, RelayTestProblem } from '../client/client.ts'
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

/** How the command line names the members of requests. The others are options of the same name. */
const NAMES: Readonly<Record<string, string>> = {
  ip: 'the address',
  name: 'the name',
  knownMailbox: '--known-mailbox',
  customerId: '--customer',
}

/** Replaces advice of the API with the command that does the same. */
const SENTENCES: readonly (readonly [pattern: RegExp, text: string])[] = [
  [/GET \/vantages/g, 'relay-test vantages'],
  [/GET \/limits\?ip=([^&\s]+)&port=25\b/g, 'relay-test limits $1'],
  [/GET \/limits\?ip=([^&\s]+)&port=(\d+)/g, 'relay-test limits $1 --port $2'],
  // The command writes international names as DNS does.
  [/ \(write [a-z ]+ as xn--…\)/g, ''],
]

const NO_KEY = 'RELAY_TESTS_KEY: the service does not accept this key: it is missing, mistyped or expired'

/** Returns an error as one line, with the kind of a problem. */
export const lineFor = (error: unknown): string =>
  error instanceof RelayTestProblem ? `${reasonFor(error)} (${error.slug})` : reasonFor(error)

/** Returns what an error says, as one line. A refused request names the options at fault. */
export function reasonFor(error: unknown): string {
  if (!(error instanceof RelayTestProblem)) return oneLine(error instanceof Error ? error.message : String(error))
  const { errors, detail, slug, lastTest } = error
  const faults = errors.length > 0 ? errors.map((fault) => faultFor(fault, slug)) : [detail]
  const reason = slug === 'unauthenticated' ? NO_KEY : inOurWords(faults.join('; '))
  const last = lastTest ? ` Its last test, ${lastTest.id}, ended ${lastTest.verdict}.` : ''
  return oneLine(`${reason}${last}`)
}

/** Returns a fault after its option. A target that may not be tested is named by the fault itself. */
function faultFor({ pointer, detail }: FieldError, slug: string): string {
  const [, member = ''] = pointer.split('/')
  if (member === '' || (member === 'ip' && slug !== 'invalid-request')) return detail
  return `${NAMES[member] ?? `--${member}`}: ${detail}`
}

/** Returns a text of the API with commands and options instead of requests. */
export const inOurWords = (text: string): string =>
  SENTENCES.reduce((said, [pattern, words]) => said.replace(pattern, words), text)
