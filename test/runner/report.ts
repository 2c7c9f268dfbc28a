/** Writes the results of the test files as text: each file when it has ended, and all of them at the end. */
import type { Result } from './results.ts'
import type { Ran } from './running.ts'

/** Node's reason for tests that `--test-name-pattern` leaves out. The report does not show these. */
const LEFT_OUT = 'test name does not match pattern'

const indented = (text: string, by: number): string => text.replace(/^/gm, ' '.repeat(by))

function line(result: Result): string {
  const by = 2 + 2 * result.nesting
  switch (result.kind) {
    case 'passed':
      return indented(`✔ ${result.name} (${result.ms} ms)`, by)
    case 'skipped':
      return indented(`- ${result.name}: skipped, ${result.why}`, by)
    case 'note':
      return indented(result.text, by + 2)
    case 'failed':
      return indented(`✖ ${result.name} (${result.ms} ms)${result.why && `\n${indented(result.why, 2)}`}`, by)
  }
}

/** Returns the report of one file: each test if details are wanted or a test failed, otherwise one line and notes. */
export function ofFile({ file, isPassed, seconds, results, output }: Ran, isDetailed: boolean): string {
  const asked = results.filter((result) => result.kind !== 'skipped' || result.why !== LEFT_OUT)
  const shown = isDetailed || !isPassed ? asked : asked.filter(({ kind }) => kind === 'note')
  const head = `${isPassed ? '✔' : '✖'} ${file.path} (${seconds.toFixed(1)} s)`
  return [head, ...shown.map(line), ...output.map((text) => indented(text, 4))].join('\n')
}

/** Returns the report of all files: how many tests passed, which files failed, and why tests were skipped. */
export function ofAll(all: readonly Ran[], seconds: number): string {
  const results = all.flatMap(({ results }) => results)
  const count = (kind: Result['kind']) => results.filter((result) => result.kind === kind).length
  const skipped = new Map<string, string[]>()
  for (const { file, results } of all) {
    for (const result of results) {
      if (result.kind !== 'skipped' || result.why === LEFT_OUT) continue
      skipped.set(result.why, [...(skipped.get(result.why) ?? []), `${file.path}: ${result.name}`])
    }
  }
  const failed = all.filter(({ isPassed }) => !isPassed).map(({ file }) => `✖ ${file.path}`)
  const reasons = [...skipped].flatMap(([why, names]) => [`Skipped, ${why}:`, ...names.map((name) => `  ${name}`)])
  const counts = `${count('passed')} tests passed, ${count('failed')} failed, ${[...skipped.values()].flat().length} skipped`
  return [...reasons, ...failed, `${counts}; ${all.length} files in ${clock(seconds)}.`].join('\n')
}

/** Returns seconds as minutes and seconds, for example `4:05 min`. */
const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, '0')} min`
