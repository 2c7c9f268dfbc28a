/**
 * Runs the whole test suite several times, and lists which tests failed in which run (`npm run prove:steady -- 10`). A
 * test that fails once in ten runs is a fault of the test or of the product. `--beside-load` keeps one core busy, to
 * find tests that depend on time.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { ROOT } from '../test/runner/kinds.ts'

const USAGE = 'Usage: npm run prove:steady -- RUNS [--beside-load] [PATH...]\n'

/** Starts a process that ends with this one, so that nothing goes on after Ctrl-C. */
function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options)
  const end = () => void child.kill()
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}

/** Runs the suite once, and returns what it printed and its exit code. */
async function runSuite(paths: readonly string[]): Promise<{ printed: string; code: unknown }> {
  const args = ['test', '--silent', '--', ...paths]
  const suite = start('npm', args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed, [code]] = await Promise.all([suite.stdout ? text(suite.stdout) : '', once(suite, 'exit')])
  return { printed, code }
}

const [runs = '', ...rest] = process.argv.slice(2)
const paths = rest.filter((arg) => arg !== '--beside-load')
if (!/^[1-9]\d*$/.test(runs)) {
  process.stderr.write(USAGE)
  process.exit(1)
}

const failures: string[] = []
const load = rest.includes('--beside-load') ? start(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }) : null
for (let run = 1; run <= Number(runs); run += 1) {
  const startedAt = performance.now()
  const { printed, code } = await runSuite(paths)
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
  process.stdout.write(`run ${run} of ${runs}: ${code === 0 ? 'passed' : 'FAILED'} in ${minutes} min\n`)
  if (code !== 0) {
    // Leaves out the tests that passed.
    process.stdout.write(printed.replace(/^ *✔.*\n/gm, ''))
    // A failed file or test has its time after its name. The names at the end of the report have none.
    const failed = [...printed.matchAll(/^ *✖ .* m?s\)$/gm)].map(([line]) => line)
    failures.push(`run ${run}:`, ...(failed.length === 0 ? ['no test ran'] : failed))
  }
}
load?.kill()
process.stdout.write(failures.length === 0 ? `${runs} runs, nothing failed\n` : `${failures.join('\n')}\n`)
process.exitCode = failures.length === 0 ? 0 : 1
