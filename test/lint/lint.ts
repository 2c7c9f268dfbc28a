/**
 * Makes the checks of `npm run lint` that Biome does not have: each file opens with a comment, comments fit into a
 * line, and no regular expression takes quadratic time. Each fault is printed as FILE:LINE, and any fault makes the run
 * fail.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative } from 'node:path'
import { ROOT } from '../runner/kinds.ts'
import { longCommentsIn, opensWithComment } from './comments.ts'
import { slowRegexesIn } from './regexes.ts'

/** The source files below a folder. */
function sourcesIn(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return entries
    .filter((entry) => ['.ts', '.tsx', '.js'].includes(extname(entry)))
    .map((entry) => join(ROOT, folder, entry))
}

const faults: string[] = []
const told = (file: string, lines: readonly string[]) =>
  faults.push(...lines.map((line) => `${relative(ROOT, file)}:${line}`))

for (const file of ['src', 'packages', 'test', 'bench', 'demo', 'openapi'].flatMap(sourcesIn)) {
  const source = readFileSync(file, 'utf8')
  told(file, longCommentsIn(source))
  if (!opensWithComment(source)) told(file, ['1: the file does not open with a comment that says what it is for'])
}
for (const file of sourcesIn('src')) told(file, await slowRegexesIn(readFileSync(file, 'utf8')))

for (const fault of faults) process.stdout.write(`${fault}\n`)
process.exitCode = faults.length === 0 ? 0 : 1
