/** Runs the parts of the bench, and writes their figures into docs/ (`npm run bench`). */
import { execFileSync } from 'node:child_process'
import { writeInto } from './harness/report.ts'

/** The parts of the bench by file name, with the document that each writes into. */
const PARTS: Readonly<Record<string, string>> = {
  'beside-nmap': 'docs/performance.md',
  service: 'docs/performance.md',
  waiting: 'docs/performance.md',
  refusing: 'docs/performance.md',
  allowlists: 'docs/performance.md',
  scale: 'docs/scale.md',
  sweeps: 'docs/scale.md',
}

const USAGE = `Usage: npm run bench [-- PART...]

Measures the parts given, or all of them, and writes the figures into docs/: ${Object.keys(PARTS).join(', ')}.
`

const parts = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS)
if (parts.some((part) => !(part in PARTS))) {
  process.stderr.write(USAGE)
  process.exit(1)
}
// A new network namespace has a loopback that is down.
execFileSync('ip', ['link', 'set', 'lo', 'up'])
for (const part of parts) {
  const { run }: { run: () => Promise<string> } = await import(`./${part}.ts`)
  const text = await run()
  process.stdout.write(`${part}\n\n${text}\n\n`)
  writeInto(PARTS[part] ?? '', part, text)
}
