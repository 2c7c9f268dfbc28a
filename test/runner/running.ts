/** Runs test files in processes of their own or several in one process, and several processes at the same time. */
import { spawn } from 'node:child_process'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import { labUnavailable } from '../lab/unavailable.ts'
import type { Batch } from './batches.ts'
import { ROOT, type TestFile } from './kinds.ts'
import { type Result, resultIn } from './results.ts'

export interface Ran {
  readonly file: TestFile
  readonly isPassed: boolean
  readonly seconds: number
  readonly results: readonly Result[]
  /** The lines that the file printed besides its results. */
  readonly output: readonly string[]
}

const REPORTER = ['--test-reporter=./test/runner/reporter.ts', '--test-reporter-destination=stdout']

export interface RunOptions {
  /** How many batches run at the same time. */
  readonly lanes: { readonly duringBuild: number; readonly afterwards: number }
  /** More options for Node, such as `--test-name-pattern=…`. */
  readonly flags: readonly string[]
  /** Ends with whether there is a build. */
  readonly build: Promise<boolean>
  /** Is called with the result of each file. */
  ended(ran: Ran): void
}

/**
 * The number of the next process, which reserves ports by it (`deadPort`). Two runs on one machine begin with different
 * ones.
 */
let nextProcess = process.pid

/** Runs a batch to its end. */
function run(batch: Batch, flags: readonly string[], stop: AbortSignal): Promise<Ran[]> {
  const [first] = batch
  const paths = batch.map(({ path }) => path)
  const entry = batch.length === 1 ? paths : ['test/runner/together.ts', ...paths]
  const node = [process.execPath, '--import', 'tsx', ...REPORTER, ...flags, ...entry]
  const isolated = first.kind === 'lab' && labUnavailable() === null
  const [command = '', ...args] = isolated ? ['unshare', '--net', '--', ...node] : node
  const startedAt = performance.now()
  const env = { ...process.env, TEST_PROCESS: `${nextProcess++}` }
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], signal: stop, env })
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
      resolve(apart(batch, { isPassed, seconds: (performance.now() - startedAt) / 1_000, results, output }))
    child.once('error', (error) => {
      output.push(`${command}: ${error.message}`)
      end(false)
    })
    child.once('close', (code) => end(code === 0))
  })
}

/**
 * Tells the files of a batch apart by the file that each result names. If the process failed and no test did, no file
 * has passed. Output, and results without a file, appear below the first file that failed, or else the first file.
 */
function apart(batch: Batch, ran: Omit<Ran, 'file'>): Ran[] {
  if (batch.length === 1) return [{ file: batch[0], ...ran }]
  const known = new Set(batch.map(({ path }) => path))
  const pathOf = ({ file }: Result) => (file === null ? '' : relative(ROOT, file))
  const hasFailed = (results: readonly Result[]) => results.some(({ kind }) => kind === 'failed')
  const named = ran.results.filter((result) => known.has(pathOf(result)))
  const rest = ran.results.filter((result) => !known.has(pathOf(result)))
  const isBroken = !ran.isPassed && !hasFailed(named)
  const files = batch.map((file): Ran => {
    const results = named.filter((result) => pathOf(result) === file.path)
    const ms = results.reduce((sum, result) => sum + (result.nesting === 0 && 'ms' in result ? result.ms : 0), 0)
    return { file, isPassed: !isBroken && !hasFailed(results), seconds: ms / 1_000, results, output: [] }
  })
  const shownWith = Math.max(
    files.findIndex(({ isPassed }) => !isPassed),
    0,
  )
  return files.map((file, index) =>
    index === shownWith ? { ...file, results: [...file.results, ...rest], output: ran.output } : file,
  )
}

/**
 * Runs batches in order, some of them at the same time. The ones that need the build begin after it. If the build
 * fails, the others end early, without a result.
 */
export async function runSideBySide(
  batches: readonly Batch[],
  { lanes: { duringBuild, afterwards }, flags, build, ended }: RunOptions,
): Promise<void> {
  const waiting = [...batches]
  const abandon = new AbortController()
  let isBuilt = false
  const built = build.then((succeeded) => {
    isBuilt = succeeded
    if (!succeeded) abandon.abort()
  })
  const next = async (): Promise<Batch | undefined> => {
    const mayBegin = waiting.findIndex((batch) => isBuilt || !batch.some(({ needsBuild }) => needsBuild))
    if (abandon.signal.aborted || waiting.length === 0) return undefined
    if (mayBegin !== -1) return waiting.splice(mayBegin, 1)[0]
    await built
    return next()
  }
  const lane = async () => {
    for (let batch = await next(); batch !== undefined; batch = await next()) {
      const ran = await run(batch, flags, abandon.signal)
      if (!abandon.signal.aborted) ran.forEach(ended)
    }
  }
  const lanes = (count: number) => Promise.all(Array.from({ length: count }, lane))
  await Promise.all([lanes(duringBuild), built.then(() => lanes(afterwards - duringBuild))])
}
