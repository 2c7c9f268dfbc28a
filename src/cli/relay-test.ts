#!/usr/bin/env node
import { type NewRelayTest, RelayTestClient, type SessionLine } from '../client/client.ts'
import { LiveOrder } from '../render/live-order.ts'
import { renderLine, renderOutcome } from '../render/session.ts'
import { testMany } from './batch.ts'
import { type Ending, exitCodeOf, lineFor } from './ending.ts'
import { Mistake, oneLine } from './mistake.ts'
import { targetsOf } from './names.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { countsOf, Progress } from './progress.ts'
import { readTargets, type Target } from './targets.ts'

const DEFAULT_URL = 'http://127.0.0.1:3000'
/** Somebody waits: rather an error that says when than silence. */
const PATIENCE_MS = 10_000

const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const ERROR = exitCodeOf(['error'])
/** As shells have it: 128 and the number of the signal. */
const INTERRUPTED = 130

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) {
    process.stdout.write(HELP)
    return 0
  }
  const targets = options.file === null ? [] : readTargets(options.file)
  // Not earlier: while standard input is read, nothing of ours could run.
  process.once('SIGINT', () => process.exit(INTERRUPTED))
  const client = makeClient()
  return options.target === null ? testFile(client, targets, options) : testTarget(client, options.target, options)
}

async function testTarget(client: RelayTestClient, target: string, { wanted, json }: Options): Promise<number> {
  const endings: Ending[] = []
  for (const address of await targetsOf(target, client)) {
    endings.push(await testOne(client, { ...address, ...wanted }, json).catch(complain))
  }
  if (endings.length > 1 && !json) say(`${target}: ${endings.length} addresses: ${countsOf(endings)}`)
  return exitCodeOf(endings)
}

/** One address that cannot be tested hides nothing about the others of a name. */
function complain(error: unknown): Ending {
  process.stderr.write(`relay-test: ${lineFor(error)}\n`)
  return 'error'
}

function makeClient(): RelayTestClient {
  const { RELAY_TESTS_URL: url = DEFAULT_URL, RELAY_TESTS_KEY: key } = process.env
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Mistake(`RELAY_TESTS_URL: a web address such as ${DEFAULT_URL} was expected, not "${url}"`)
  }
  if (new URL(url).username !== '' || new URL(url).password !== '') {
    throw new Mistake('RELAY_TESTS_URL: no name and password were expected in it; the key belongs in RELAY_TESTS_KEY')
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new Mistake('RELAY_TESTS_KEY: an API key was expected: rtk_ and 43 characters, without spaces')
  }
  return new RelayTestClient({ url, patienceMs: PATIENCE_MS, ...(key === undefined ? {} : { key }) })
}

async function testOne(client: RelayTestClient, request: NewRelayTest, json: boolean): Promise<Ending> {
  if (!json) return showLive(client, request)
  const result = await client.create(request)
  say(JSON.stringify(result))
  return result.verdict ?? 'error'
}

/** Shows a session while it happens, and what came of it. */
async function showLive(client: RelayTestClient, request: NewRelayTest): Promise<Ending> {
  const coloured = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === ''
  const session = new LiveOrder()
  let connection = 1
  const show = (line: SessionLine) => {
    if (line.connection !== connection) {
      connection = line.connection
      say(renderLine({ from: 'event', line: `connection ${connection}` }, coloured))
    }
    say(renderLine(line, coloured))
  }
  for await (const event of client.follow(request)) {
    if (event.event === 'line') session.next(event.data).forEach(show)
    if (event.event !== 'verdict') continue
    session.rest().forEach(show)
    say(`\n${renderOutcome(event.data, coloured)}`)
    return event.data.verdict ?? 'error'
  }
  return 'error'
}

async function testFile(client: RelayTestClient, targets: readonly Target[], options: Options): Promise<number> {
  const requests = targets.map((target) => ({ ...options.wanted, ...target }))
  const progress = new Progress(process.stderr, requests.length)
  const close = () => progress.close()
  process.once('exit', close)
  const stopped = await testMany(client, requests, options.atOnce, {
    ended: (line, ending) => {
      say(JSON.stringify(line))
      progress.ended(ending)
    },
    waiting: (count) => progress.waiting(count),
  })
  process.off('exit', close)
  progress.close()
  if (stopped !== null) process.stderr.write(`relay-test: ${stopped}; the rest was not tested\n`)
  return exitCodeOf(progress.endings)
}

// Whoever reads no further, as `head` does, has seen enough.
process.stdout.on('error', () => process.exit(ERROR))
// Node would end with 1, which says that the server is open.
process.stderr.on('error', () => {})

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isMistake = error instanceof Mistake
  const lines = isMistake ? error.faults.map(oneLine) : [lineFor(error)]
  process.stderr.write(
    `${lines.map((line) => `relay-test: ${line}`).join('\n')}${isMistake ? '; see relay-test --help' : ''}\n`,
  )
  return ERROR
})
