/**
 * Tests model servers that are put together at random, and compares each verdict with the truth (`npm run
 * prove:truth`). Uses every core. Writes docs/truth.md.
 *
 * `--seed N` tests one server, and prints its traits, the session and the judgement. `--tests N` tests another number
 * of servers, and `--sockets N` tests them through real sockets; both write nothing.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { REASONS, VERDICTS } from '../src/contract/words.ts'
import { complaint, examine, visit } from '../test/probe/truth/examine.ts'
import { examineOnSockets } from '../test/probe/truth/on-sockets.ts'
import { addUp, countOf, emptyTally, type Tally, tallied } from '../test/probe/truth/tally.ts'
import { described } from '../test/probe/truth/traits.ts'
import { truthPage } from './harness/truth-page.ts'

const TESTS = 1_000_000
/** In that many tests, each verdict and reason must come. */
const ENOUGH = 100_000
/** Each process reports its progress after this number of tests. */
const BATCH = 5_000
/** How many tests run at the same time on sockets. */
const AT_ONCE = 300
/** How many wrong verdicts are printed. */
const SHOWN = 20

const PAGE = new URL('../docs/truth.md', import.meta.url)

/** The part of the work of one process of this program. */
interface Share {
  readonly from: number
  readonly to: number
  readonly sockets: boolean
}

interface Report {
  readonly tally: Tally
  readonly complaints: readonly string[]
}

async function main(tests: number, sockets: boolean, writes: boolean): Promise<void> {
  const startedAt = performance.now()
  const cores = availableParallelism()
  const each = Math.ceil(tests / cores)
  const tally = emptyTally()
  let complaints = 0
  const children = Array.from({ length: cores }, async (_, core) => {
    const share: Share = { from: core * each, to: Math.min(tests, (core + 1) * each), sockets }
    const child = fork(fileURLToPath(import.meta.url), ['--share', JSON.stringify(share)])
    child.on('message', (report: Report) => {
      addUp(tally, report.tally)
      for (const line of report.complaints.slice(0, Math.max(0, SHOWN - complaints))) process.stdout.write(`${line}\n`)
      complaints += report.complaints.length
      const seconds = Math.round((performance.now() - startedAt) / 1_000)
      process.stdout.write(`${countOf(tally)} tests in ${seconds} s, ${complaints} wrong\n`)
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) process.exitCode = 1
  })
  await Promise.all(children)
  const missing = tests >= ENOUGH && !sockets ? missingIn(tally) : []
  if (missing.length > 0) process.stdout.write(`these never came: ${missing.join(', ')}\n`)
  if (complaints > 0 || missing.length > 0 || countOf(tally) < tests) process.exitCode = 1
  const minutes = (performance.now() - startedAt) / 60_000
  const page = truthPage(tally, { minutes, cores, wrong: complaints })
  if (writes) writeFileSync(PAGE, page)
  else process.stdout.write(page)
}

/** Returns the verdicts and reasons that no server had. */
function missingIn({ all }: Tally): string[] {
  const came = new Set(Object.keys(all).map((key) => key.slice(key.indexOf(' ') + 1)))
  return [...VERDICTS, ...REASONS].filter((word) => word !== 'inconclusive' && !came.has(word))
}

async function work({ from, to, sockets }: Share): Promise<void> {
  for (let begin = from; begin < to; begin += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, to - begin) }, (_, index) => begin + index)
    process.send?.(sockets ? await onSockets(seeds) : await inOrder(seeds))
  }
  process.disconnect()
}

async function inOrder(seeds: readonly number[]): Promise<Report> {
  const tally = emptyTally()
  const complaints: string[] = []
  for (const seed of seeds) {
    const examined = await examine(seed)
    tallied(tally, examined)
    if (examined.faults.length > 0) complaints.push(complaint(examined))
  }
  return { tally, complaints }
}

async function onSockets(seeds: readonly number[]): Promise<Report> {
  const tally = emptyTally()
  const complaints: string[] = []
  const waiting = [...seeds]
  const worker = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const examined = await examineOnSockets(seed)
      tallied(tally, examined)
      if (examined.faults.length > 0) complaints.push(complaint(examined))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { tally, complaints }
}

/** Tests one server, and prints everything about it. */
async function show(seed: number): Promise<void> {
  const print = (line: string) => process.stdout.write(`${line}\n`)
  const { traits, truth, faults, forgiven } = await examine(seed)
  print(`Server ${seed}: ${described(traits)}`)
  const { judgement } = await visit(traits, print)
  for (const { attempt, outcome, refusal, evidence } of judgement.rows) {
    print(`${attempt.form.id}: ${outcome}, ${attempt.why ?? refusal ?? evidence}`)
  }
  print(`The server is ${truth}. The verdict is ${judgement.verdict} ${judgement.reason ?? judgement.cause ?? ''}`)
  if (judgement.caveats.length > 0) print(`Caveats: ${judgement.caveats.join(', ')}`)
  if (forgiven !== null) print(forgiven)
  for (const fault of faults) print(`Wrong: ${fault}`)
  if (faults.length > 0) process.exitCode = 1
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    tests: { type: 'string' },
    sockets: { type: 'string' },
    share: { type: 'string' },
  },
})
if (values.share !== undefined) await work(JSON.parse(values.share))
else if (values.seed !== undefined) await show(Number(values.seed))
else if (values.sockets !== undefined) await main(Number(values.sockets), true, false)
else await main(Number(values.tests ?? TESTS), false, values.tests === undefined)
