/**
 * Proves that the service dials only what the lists allow (`npm run prove:dial`). Compares a million decisions with
 * those of Python, then sends requests to the built service in a network where every address is local. Writes the
 * figures into docs/dial.md, and fails if anything differs. Each run has new cases; a seed as argument repeats a run.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { type Case, casesFrom, take } from '../test/dial/cases.ts'
import { agree, decider } from '../test/dial/decisions.ts'
import { type DialRun, dialAll } from '../test/dial/end-to-end.ts'
import { FILES } from '../test/dial/installation.ts'
import { type Expected, expectedOf } from '../test/dial/oracle.ts'
import { configFolder, ROOT } from '../test/harness/service.ts'

const DOCUMENT = join(ROOT, 'docs/dial.md')
const DECISIONS = 1_000_000
const BATCH = 20_000
const REQUESTS = 50_000

interface Decisions {
  readonly allowed: number
  readonly denied: Map<string, number>
  readonly wrong: readonly object[]
}

/** Shows the progress on a terminal. */
function progress(what: string, done: number, all: number): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(
    `\r${what}: ${done.toLocaleString('en')} of ${all.toLocaleString('en')}${done < all ? '' : '\n'}`,
  )
}

async function decideAll(folder: string, seed: number): Promise<Decisions> {
  const decide = decider({ customers: join(folder, 'customers.yaml'), callers: join(folder, 'callers.yaml') })
  const cases = casesFrom(seed)
  const batchOf = () => {
    const batch = take(cases, BATCH)
    return { batch, answers: expectedOf(batch) }
  }
  let allowed = 0
  const denied = new Map<string, number>()
  const wrong: object[] = []
  const count = (one: Case, expected: Expected) => {
    if ('allow' in expected) allowed += 1
    else denied.set(expected.deny, (denied.get(expected.deny) ?? 0) + 1)
    const decided = decide(one)
    if (!agree(expected, decided)) wrong.push({ ...one, expected, decided })
  }
  let next = batchOf()
  for (let done = BATCH; done <= DECISIONS; done += BATCH) {
    const { batch, answers } = next
    // Python decides the next batch in the meantime.
    const expected = await answers
    if (done < DECISIONS) next = batchOf()
    for (const [index, one] of expected.entries()) {
      const asked = batch[index]
      if (asked) count(asked, one)
    }
    progress('decisions', done, DECISIONS)
  }
  return { allowed, denied, wrong }
}

const number = (value: number): string => value.toLocaleString('en')

const deniedTable = (denied: Iterable<readonly [string, number]>): string =>
  [...denied].map(([why, count]) => `${why} ${number(count)}`).join(', ')

/** Counts the addresses of the first list that the second list does not have, or not as often. */
function strays(first: readonly string[], second: readonly string[]): number {
  const left = new Map<string, number>()
  for (const address of second) left.set(address, (left.get(address) ?? 0) + 1)
  let strayed = 0
  for (const address of first) {
    const count = left.get(address) ?? 0
    if (count === 0) strayed += 1
    else left.set(address, count - 1)
  }
  return strayed
}

function report(seed: number, decisions: Decisions, run: DialRun): { text: string; failures: number } {
  const { accepted, dialled, intents, witness, strangeNames } = run
  const rows: readonly (readonly [promise: string, tried: number, failures: number])[] = [
    ["the service decides as python's `ipaddress` does", DECISIONS, decisions.wrong.length],
    ["the service answers as python's `ipaddress` expects", run.asked, run.wrong.length],
    ['every dialled address was accepted', dialled.length, strays(dialled, accepted)],
    ['every accepted address was dialled', accepted.length, strays(accepted, dialled)],
    ['every dial has a line in the audit log before it', dialled.length, strays(dialled, intents)],
    ['the kernel saw the same number of new connections', witness.port25, Math.abs(witness.port25 - dialled.length)],
    [
      'nothing else was sent: no other port, no look-up of another name',
      run.asked,
      witness.elsewhere + witness.datagrams + strangeNames.length,
    ],
  ]
  const failures = rows.reduce((sum, [, , failed]) => sum + failed, 0)
  const [told = ''] = readFileSync(DOCUMENT, 'utf8').split('**Measured**')
  const text = `${told}**Measured** on ${new Date().toISOString().slice(0, 10)}, ${cpus()[0]?.model ?? 'an unknown processor'}, Node.js ${process.version}, seed ${seed}:

| promise | tried | failures |
| --- | ---: | ---: |
${rows.map(([promise, tried, failed]) => `| ${promise} | ${number(tried)} | ${number(failed)} |`).join('\n')}

Of the decisions, ${number(decisions.allowed)} allowed the test. Denied: ${deniedTable(decisions.denied)}. Of the requests,
${number(accepted.length)} became tests. Denied: ${deniedTable(Object.entries(run.denied))}.
`
  return { text, failures }
}

async function main([given]: readonly string[]): Promise<number> {
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given)
  const endings: (() => unknown)[] = []
  const bench = { after: (work: () => unknown) => void endings.push(work) }
  try {
    const decisions = await decideAll(configFolder(bench, FILES), seed)
    const cases = take(casesFrom(seed), REQUESTS)
    const run = await dialAll(bench, cases, (done) => progress('requests', done, REQUESTS))
    const { text, failures } = report(seed, decisions, run)
    writeFileSync(DOCUMENT, text)
    process.stdout.write(text)
    for (const wrong of [...decisions.wrong, ...run.wrong].slice(0, 20))
      process.stderr.write(`${JSON.stringify(wrong)}\n`)
    return failures
  } finally {
    for (const ending of endings.reverse()) await ending()
  }
}

process.exitCode = (await main(process.argv.slice(2))) === 0 ? 0 : 1
