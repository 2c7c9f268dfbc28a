#!/usr/bin/env node
/** The command relay-test: tests one mail server, each address of a name, or a file of targets, through the service. */
import { type NewRelayTest, RelayTestClient, type SessionLine } from '../client/client.ts'
import { LiveOrder } from '../render/live-order.ts'
import { renderLine, renderOutcome } from '../render/session.ts'
import { testMany } from './batch.ts'
import { type Ending, exitCodeOf, lineFor } from './ending.ts'
import { targetsOf } from './lookup.ts'
import { Mistake, oneLine } from './mistake.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { countsOf, Progress } from './progress.ts'
import { readTargets, type Target } from './targets.ts'

const DEFAULT_URL = 'http://127.0.0.1:3000'
/** The longest time for retries. A person waits, so a late success is worse than an early error. */
const PATIENCE_MS = 10_000

const say = (text: string): boolean => process.stdout.write(`${text}\n`)
const ERROR = exitCodeOf(['error'])
/** The exit code of shells for Ctrl-C: 128 plus the number of the signal. */
const INTERRUPTED = 130

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (!options) {
    process.stdout.write(HELP)
    return 0
  }
  const targets = options.file === null ? [] : readTargets(options.file)
  // Set after the targets are read: reading standard input blocks, and no handler could run.
  process.once('SIGINT', () => process.exit(INTERRUPTED))
  const client = makeClient()
  return options.target === null ? testFile(client, targets, options) : testTarget(client, options.target, options)
}

async function testTarget(client: RelayTestClient, target: string, { test, json }: Options): Promise<number> {
  const endings: Ending[] = []
  for (const address of await targetsOf(target, client)) {
    endings.push(await testOne(client, { ...address, ...test }, json).catch(complain))
  }
  if (endings.length > 1 && !json) say(`${target}: ${endings.length} addresses: ${countsOf(endings)}`)
  return exitCodeOf(endings)
}

/** Prints the error of one address, so that the other addresses of the name are still tested. */
function complain(error: unknown): Ending {
  process.stderr.write(`relay-test: ${lineFor(error)}\n`)
  return 'error'
}

function makeClient(): RelayTestClient {
  const { RELAY_TESTS_URL: url = DEFAULT_URL, RELAY_TESTS_KEY: key } = process.env
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Mistake(`RELAY_TESTS_URL: set a web address, for example ${DEFAULT_URL}, not "${url}"`)
  }
  if (new URL(url).username !== '' || new URL(url).password !== '') {
    throw new Mistake(
      'RELAY_TESTS_URL: remove the name and password from the address; the key belongs in RELAY_TESTS_KEY',
    )
  }
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new Mistake('RELAY_TESTS_KEY: set an API key: rtk_ and 43 characters, without spaces')
  }
  return new RelayTestClient({ url, patienceMs: PATIENCE_MS, ...(key === undefined ? {} : { key }) })
}

async function testOne(client: RelayTestClient, request: NewRelayTest, json: boolean): Promise<Ending> {
  if (!json) return showLive(client, request)
  const result = await client.create(request)
  say(JSON.stringify(result))
  return result.verdict ?? 'error'
}

/** Shows a session while it happens, then its result. */
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
  const requests = targets.map((target) => ({ ...options.test, ...target }))
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
  if (stopped !== null) process.stderr.write(`relay-test: ${stopped}; the remaining targets were not tested\n`)
  return exitCodeOf(progress.endings)
}

// Ends when the reader closes the pipe, as `head` does.
process.stdout.on('error', () => process.exit(ERROR))
// Ignores errors of standard error: Node would exit with 1, which means that the server is open.
process.stderr.on('error', () => {})

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isMistake = error instanceof Mistake
  const lines = isMistake ? error.faults.map(oneLine) : [lineFor(error)]
  process.stderr.write(
    `${lines.map((line) => `relay-test: ${line}`).join('\n')}${isMistake ? '; see relay-test --help' : ''}\n`,
  )
  return ERROR
})
