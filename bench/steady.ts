/**
 * Runs the whole test suite several times, and lists which tests failed in which run (`npm run prove:steady -- 10`). A
 * test that fails once in ten runs is a fault of the test or of the product. `--beside-load` keeps one core busy, to
 * find tests that depend on time.
 */
import { spawn, spawnSync } from 'node:child_process'
import { ROOT } from '../test/runner/kinds.ts'

const USAGE = 'Usage: npm run prove:steady -- RUNS [--beside-load] [PATH...]\n'

/** Starts a process that uses a whole core, and returns how to stop it. It also ends with this process. */
function burnCore(): () => void {
  const burner = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  process.once('exit', () => burner.kill('SIGKILL'))
  return () => void burner.kill('SIGKILL')
}

const [runs = '', ...rest] = process.argv.slice(2)
const paths = rest.filter((arg) => arg !== '--beside-load')
if (!/^[1-9]\d*$/.test(runs)) {
  process.stderr.write(USAGE)
  process.exit(1)
}

const failures: string[] = []
const stop = rest.includes('--beside-load') ? burnCore() : () => {}
for (let run = 1; run <= Number(runs); run += 1) {
  const startedAt = performance.now()
  const { stdout, status } = spawnSync('npm', ['test', '--silent', '--', ...paths], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 ** 2,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1)
  process.stdout.write(`run ${run} of ${runs}: ${status === 0 ? 'passed' : 'FAILED'} in ${minutes} min\n`)
  if (status !== 0) {
    // Leaves out the tests that passed.
    process.stdout.write(stdout.replace(/^ *✔.*\n/gm, ''))
    // A failed file or test has its time after its name. The names at the end of the report have none.
    const failed = [...stdout.matchAll(/^ *✖ .* m?s\)$/gm)].map(([line]) => line)
    failures.push(`run ${run}:`, ...(failed.length === 0 ? ['no test ran'] : failed))
  }
}
stop()
process.stdout.write(failures.length === 0 ? `${runs} runs, nothing failed\n` : `${failures.join('\n')}\n`)
process.exitCode = failures.length === 0 ? 0 : 1
