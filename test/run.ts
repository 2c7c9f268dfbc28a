/** Runs the tests (`npm test`): builds the service if they need it, runs files side by side, and says what happened. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { batchesOf } from './runner/batches.ts'
import { bundlePrograms } from './runner/bundles.ts'
import { ROOT, type TestFile, testFilesAt } from './runner/kinds.ts'
import { ofAll, ofFile } from './runner/report.ts'
import { type Ran, runSideBySide } from './runner/running.ts'

const USAGE = `Usage: npm test [-- PATH... FLAG...]
       npm run test:unit [-- PATH... FLAG...]
       npm run test:watch [-- PATH...]

Runs all test files, or those at the paths, which are files or folders. Flags go to Node, for example
--test-name-pattern=postmaster. test:unit runs the files that need no build; test:watch runs them again on each change.
`

/** The time of the whole suite on two cores with an empty cache (docs/testing.md). */
const WHOLE = 'The whole suite takes 5 to 10 minutes on two cores; Debian packages are downloaded once, into .cache.'

/**
 * How many batches run at the same time: those that work, by the number of cores, and those that mostly wait. The build
 * keeps a core busy, so fewer run before its end.
 */
const CORES = availableParallelism()
const LANES = { working: { duringBuild: CORES - 1, afterwards: CORES + 1 }, waiting: { duringBuild: 2, afterwards: 6 } }

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** Builds the service and, unless coverage is collected, bundles. Returns whether that succeeded. */
async function isBuilt(): Promise<boolean> {
  const [code] = await once(spawn('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' }), 'exit')
  if (code === 0 && !process.env.COVERAGE) await bundlePrograms()
  return code === 0
}

/** Each process that runs the product leaves its coverage in the folder that c8 reads. */
function collectCoverage(): void {
  const folder = join(ROOT, 'coverage/tmp')
  rmSync(folder, { recursive: true, force: true })
  process.env.NODE_V8_COVERAGE = folder
}

/** Downloads Debian packages while the files run that need none. */
function downloadPackages(): void {
  spawn(process.execPath, ['--import', 'tsx', 'test/lab/download.ts'], { cwd: ROOT, stdio: 'ignore' }).unref()
}

async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith('-') && arg !== '--unit')
  const paths = args.filter((arg) => !arg.startsWith('-'))
  if (flags.includes('--help')) {
    say(USAGE)
    return 0
  }
  const isWhole = paths.length === 0
  const missing = paths.filter((path) => !existsSync(path))
  if (missing.length > 0) {
    process.stderr.write(`no such file or folder: ${missing.join(' ')}\n`)
    return 1
  }
  const found = (isWhole ? [join(ROOT, 'test')] : paths).flatMap(testFilesAt)
  const files = args.includes('--unit') ? found.filter(({ kind }) => kind === 'unit') : found
  if (files.length === 0) {
    process.stderr.write(`no test files at ${paths.join(' ')}\n`)
    return 1
  }
  if (flags.includes('--watch')) {
    const watching = ['--import', 'tsx', '--test', ...flags, ...files.map(({ path }) => path)]
    return spawnSync(process.execPath, watching, { cwd: ROOT, stdio: 'inherit' }).status ?? 1
  }
  const startedAt = performance.now()
  if (process.env.COVERAGE) collectCoverage()
  if (isWhole && files.length === found.length) say(WHOLE)
  if (files.some(({ needsPackages }) => needsPackages)) downloadPackages()

  const build = files.some(({ needsBuild }) => needsBuild) ? isBuilt() : Promise.resolve(true)
  const all: Ran[] = []
  const ended = (ran: Ran) => {
    all.push(ran)
    say(ofFile(ran, files.length === 1))
  }
  const isLoad = ({ kind }: TestFile) => kind === 'load'
  const { working, waiting } = batchesOf(files.filter((file) => !isLoad(file)))
  const shared = { flags, build, ended }
  await Promise.all([
    runSideBySide(working, { lanes: LANES.working, ...shared }),
    runSideBySide(waiting, { lanes: LANES.waiting, ...shared }),
  ])
  if (!(await build)) return 1
  // Load files bring the machine to its limits, so they run when all others have ended.
  const load = batchesOf(files.filter(isLoad)).working
  await runSideBySide(load, { lanes: { duringBuild: CORES, afterwards: CORES }, ...shared })
  say(ofAll(all, (performance.now() - startedAt) / 1_000))
  return all.every(({ isPassed }) => isPassed) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
