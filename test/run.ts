import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { labUnavailable } from './lab/unavailable.ts'

const USAGE = `Usage: npm test [-- PATH...]

Runs the test files of the project, or those given, or those of the folders given. The service is built first, since many
tests run it as it is shipped. Tests named *.lab.test.ts meet real mail servers: each runs in a network namespace of its
own, and is skipped with the reason where that is not possible (CI=true makes that a failure). Tests named
*.load.test.ts bring the service to its limits, and run one after the other.
`

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TEST_FILE = /\.test\.ts$/
const LAB_FILE = /\.lab\.test\.ts$/
const LOAD_FILE = /\.load\.test\.ts$/

/** The test files at a path, in the order of their names. */
function filesAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  const entries = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return entries
    .filter((entry) => TEST_FILE.test(entry))
    .sort()
    .map((entry) => join(path, entry))
}

/** Runs a command to its end in the project's folder, and returns whether it succeeded. */
function succeeds(command: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' })
  if (error) process.stderr.write(`${command}: ${error.message}\n`)
  return status === 0
}

/** Most files wait for sockets, so that more of them than cores can run at once (an option of Node 20.10 and newer). */
function concurrency(): string[] {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major > 20 || minor >= 10 ? [`--test-concurrency=${availableParallelism() + 1}`] : []
}

function main(paths: readonly string[]): number {
  if (paths.some((path) => path.startsWith('-'))) {
    process.stderr.write(USAGE)
    return 1
  }
  const files = (paths.length > 0 ? paths : [join(ROOT, 'test')]).flatMap(filesAt).map((file) => relative(ROOT, file))
  if (files.length === 0) {
    process.stderr.write(`no test files at ${paths.join(' ')}\n`)
    return 1
  }
  if (!succeeds('npm', ['run', '--silent', 'build'])) return 1
  const testing = ['--import', 'tsx', '--test', '--test-reporter=spec', ...concurrency()]
  const plain = files.filter((file) => !LAB_FILE.test(file) && !LOAD_FILE.test(file))
  const passed = [plain.length === 0 || succeeds(process.execPath, [...testing, ...plain])]
  for (const file of files.filter((name) => LOAD_FILE.test(name))) {
    passed.push(succeeds(process.execPath, [...testing, file]))
  }
  const isolated = labUnavailable() === null
  for (const file of files.filter((name) => LAB_FILE.test(name))) {
    const command = [process.execPath, ...testing, file]
    passed.push(
      isolated ? succeeds('unshare', ['--net', '--', ...command]) : succeeds(command[0] ?? '', command.slice(1)),
    )
  }
  return passed.every(Boolean) ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
