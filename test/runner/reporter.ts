/**
 * A reporter for Node's test runner that writes each result as one line of JSON for test/run.ts. Node's own reporters
 * print each failure twice, and their output cannot be merged from several processes.
 */
import { AssertionError } from 'node:assert'
import { inspect } from 'node:util'
import { MARK, type Result } from './results.ts'

/** The events of Node's runner that are read here: https://nodejs.org/api/test.html#class-testsstream */
type RunnerEvent =
  | { readonly type: 'test:pass' | 'test:fail'; readonly data: Finished }
  | { readonly type: 'test:diagnostic'; readonly data: Diagnostic }
  | { readonly type: 'other' }

interface Located {
  readonly file?: string
  readonly nesting: number
}

interface Diagnostic extends Located {
  readonly message: string
}

interface Finished extends Located {
  readonly name: string
  readonly skip?: string | boolean
  readonly details: { readonly duration_ms: number; readonly error?: TestFailure }
}

interface TestFailure extends Error {
  readonly failureType?: string
}

/** Node's own counts, which arrive as diagnostics. They are left out, because test/run.ts counts itself. */
const COUNT = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/

export default async function* events(source: AsyncIterable<RunnerEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const result = resultOf(event)
    if (result !== null) yield `${MARK}${JSON.stringify(result)}\n`
  }
}

function resultOf(event: RunnerEvent): Result | null {
  if (event.type === 'test:diagnostic') {
    const { file = null, nesting, message } = event.data
    return COUNT.test(message) ? null : { kind: 'note', file, nesting, text: message }
  }
  if (event.type !== 'test:pass' && event.type !== 'test:fail') return null
  const { file = null, name, nesting, skip, details } = event.data
  const ms = Math.round(details.duration_ms)
  if (event.type === 'test:fail') return { kind: 'failed', file, name, nesting, ms, why: reasonOf(details.error) }
  if (skip !== undefined && skip !== false) return { kind: 'skipped', file, name, nesting, why: String(skip) }
  return { kind: 'passed', file, name, nesting, ms }
}

/** Returns why a test failed. Returns nothing if only inner tests failed, because each of them has its own reason. */
function reasonOf(error: TestFailure | undefined): string {
  if (error?.failureType === 'subtestsFailed') return ''
  const cause = error?.cause ?? error
  // The message of an assertion shows the difference. Its other members repeat it.
  const text = cause instanceof AssertionError ? String(cause.stack) : inspect(cause)
  return text.replace(/\n +at .*\(?node:.*/g, '')
}
