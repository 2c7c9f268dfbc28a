/**
 * Finds regular expressions that take quadratic time or more on some text, with `recheck`. Strangers write the text
 * that they read (replies, headers, bodies, mail), so a slow one could stop the whole service for a while.
 */
import { parseSync } from 'oxc-parser'
import { check } from 'recheck'

interface Regex {
  readonly pattern: string
  readonly flags: string
  /** The number of its line, from 1. */
  readonly line: number
}

/** Counts steps and never measures time, so that a busy machine finds the same. */
const LIMITS = { timeout: null, attackTimeout: null, incubationTimeout: null, seedingTimeout: null } as const

/** The regular expressions of a file that take too long, as `LINE: what`. */
export async function slowRegexesIn(source: string): Promise<string[]> {
  const faults: string[] = []
  for (const { pattern, flags, line } of regexesIn(source)) {
    const found = await check(pattern, flags, LIMITS)
    if (found.status === 'safe') continue
    const time = found.status === 'vulnerable' ? found.complexity.summary : 'unknown'
    faults.push(`${line}: /${pattern}/${flags} may take long: ${time}`)
  }
  return faults
}

function regexesIn(source: string): Regex[] {
  const found: Regex[] = []
  JSON.stringify(parseSync('file.ts', source).program, (_key, value: unknown) => {
    if (isRegex(value)) found.push({ ...value.regex, line: source.slice(0, value.start).split('\n').length })
    return typeof value === 'bigint' ? null : value
  })
  return found
}

/** A literal of ESTree, which has `regex` beside its value (https://github.com/estree/estree/blob/master/es5.md). */
const isRegex = (value: unknown): value is { regex: { pattern: string; flags: string }; start: number } =>
  typeof value === 'object' && value !== null && 'regex' in value
