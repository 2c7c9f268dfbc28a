/** Runs each test file in its own process, and several files at the same time. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { labUnavailable } from '../lab/unavailable.ts'
import { ROOT, type TestFile } from './kinds.ts'
import { type Result, resultIn } from './results.ts'

export interface Ran {
  readonly file: TestFile
  readonly isPassed: boolean
  readonly seconds: number
  readonly results: readonly Result[]
  /** What the file printed besides its results. */
  readonly output: readonly string[]
}

const REPORTER = ['--test-reporter=./test/runner/reporter.ts', '--test-reporter-destination=stdout']

/** Runs a test file to its end, with more options for Node, such as `--test-name-pattern=…`. */
export function runFile(file: TestFile, flags: readonly string[]): Promise<Ran> {
  const node = [process.execPath, '--import', 'tsx', ...REPORTER, ...flags, file.path]
  const isolated = file.kind === 'lab' && labUnavailable() === null
  const [command = '', ...args] = isolated ? ['unshare', '--net', '--', ...node] : node
  const startedAt = performance.now()
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const results: Result[] = []
  const output: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const result = resultIn(line)
    if (result === null) output.push(line)
    else results.push(result)
  })
  createInterface({ input: child.stderr }).on('line', (line) => output.push(line))
  return new Promise((resolve) => {
    const end = (isPassed: boolean) =>
      resolve({ file, isPassed, seconds: (performance.now() - startedAt) / 1_000, results, output })
    child.once('error', (error) => {
      output.push(`${command}: ${error.message}`)
      end(false)
    })
    child.once('close', (code) => end(code === 0))
  })
}

/** Runs files in order, `lanes` of them at the same time, and calls `ended` with each result. */
export async function runSideBySide(
  files: readonly TestFile[],
  lanes: number,
  flags: readonly string[],
  ended: (ran: Ran) => void,
): Promise<void> {
  const waiting = [...files]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) ended(await runFile(next, flags))
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
