/** Runs the tests (`npm test`): builds the service if they need it, runs files side by side, and says what happened. */
import { spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ROOT, type TestFile, testFilesAt } from './runner/kinds.ts'
import { ofAll, ofFile } from './runner/report.ts'
import { type Ran, runSideBySide } from './runner/running.ts'

const USAGE = `Usage: npm test [-- PATH... FLAG...]
       npm run test:unit [-- PATH... FLAG...]
       npm run test:watch [-- PATH...]

Runs all test files, or those at the paths, which are files or folders. Flags go to Node, for example
--test-name-pattern=postmaster. test:unit runs the files that need no build; test:watch runs them again on each change.
`

/** What the whole suite takes on two free cores with an empty cache (docs/testing.md). */
const WHOLE =
  'The whole suite takes about 9 minutes on two free cores; Debian packages are downloaded once, into .cache.'

/** These take longest, so they start first. A file that is missing here costs time, not correctness. */
const LONGEST: readonly string[] = [
  'test/injection/greetings.test.ts',
  'test/docs-onboarding.test.ts',
  'test/client/client.test.ts',
  'test/hostile/matrix.test.ts',
  'test/cli/relay-test.test.ts',
  'test/probe/probe.test.ts',
  'test/http/live.test.ts',
  'test/http/contract.test.ts',
  'test/fuzz/requests.test.ts',
  'test/demo.test.ts',
  'test/politeness.lab.test.ts',
  'test/accuracy.lab.test.ts',
  'test/lab/configurations.lab.test.ts',
  'test/console/console.test.ts',
  'test/redis-faults.test.ts',
  'test/fuzz/slow-http.test.ts',
]

const say = (text: string): void => void process.stdout.write(`${text}\n`)

function isBuilt(): boolean {
  return spawnSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: 'inherit' }).status === 0
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

/** Files without packages first, the longest of each first. */
function inOrder(files: readonly TestFile[]): TestFile[] {
  const rank = ({ path, needsPackages }: TestFile) => {
    const place = LONGEST.indexOf(path)
    return (needsPackages ? 1_000 : 0) + (place === -1 ? LONGEST.length : place)
  }
  return files.toSorted((one, other) => rank(one) - rank(other))
}

async function main(args: readonly string[]): Promise<number> {
  const flags = args.filter((arg) => arg.startsWith('-') && arg !== '--unit')
  const paths = args.filter((arg) => !arg.startsWith('-'))
  if (flags.includes('--help')) {
    say(USAGE)
    return 0
  }
  const isWhole = paths.length === 0
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
  if (files.some(({ needsBuild }) => needsBuild) && !isBuilt()) return 1

  const all: Ran[] = []
  const ended = (ran: Ran) => {
    all.push(ran)
    say(ofFile(ran, files.length === 1))
  }
  const ordered = inOrder(files)
  // Most files wait for sockets, so more of them than cores run at once. Load files measure, and run alone.
  const lanes = availableParallelism() + 2
  await runSideBySide(
    ordered.filter(({ kind }) => kind !== 'load'),
    lanes,
    flags,
    ended,
  )
  await runSideBySide(
    ordered.filter(({ kind }) => kind === 'load'),
    1,
    flags,
    ended,
  )
  say(ofAll(all, (performance.now() - startedAt) / 1_000))
  return all.every(({ isPassed }) => isPassed) ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
