#!/usr/bin/env node
/** The command relay-test: tests mail servers through the service, one or many, and shows its lists. */
import type { OnRetry } from '../client/client.ts'
import { oneLine } from '../render/one-line.ts'
import { exitCodeOf, lineFor } from './ending.ts'
import { HELP } from './help.ts'
import { printLimits, printList, printVantages } from './lists.ts'
import { readInputs, testFile } from './many.ts'
import { Mistake } from './mistake.ts'
import { showTest, testTarget } from './one.ts'
import { type CliOrder, readOrder } from './options.ts'
import { makeClient } from './service.ts'
import { SWEEP_HELP } from './sweep/help.ts'
import { carryOutSweep, readSweepFile } from './sweep/sweep.ts'
import { complain, say, write } from './terminal.ts'
import { readVersion } from './version.ts'

const OK = 0
const ERROR = exitCodeOf(['error'])
/** The exit code of shells for Ctrl-C: 128 plus the number of the signal. */
const INTERRUPTED = 130

/** Carries out the order of the command line, and returns the exit code. */
async function carryOut(order: CliOrder): Promise<number> {
  const { command } = order
  if (command === 'help') write(order.of === 'sweep' ? SWEEP_HELP : HELP)
  if (command === 'version') say(readVersion())
  if (command === 'help' || command === 'version') return OK
  // Read before the handler is set: reading standard input blocks, and no handler could run.
  const inputs = command === 'file' ? readInputs(order) : null
  const targets = command === 'sweep' ? readSweepFile(order.sweep) : null
  process.once('SIGINT', () => process.exit(INTERRUPTED))
  if (inputs && command === 'file') return testFile(inputs, order)
  const client = makeClient(makeNotice())
  if (command === 'test') return testTarget(client, order)
  if (command === 'show') return showTest(client, order.id, order.json)
  if (command === 'list') await printList(client, order.filter, order.format)
  if (command === 'limits') await printLimits(client, order.of, order.json)
  if (command === 'sweep') return carryOutSweep(client, order.sweep, targets)
  if (command === 'vantages') await printVantages(client, order.json)
  return OK
}

/** Returns a function that says once why the command waits, so that it is not silent. */
function makeNotice(): OnRetry {
  let said: string | null = null
  return (error) => {
    const reason = lineFor(error)
    if (reason !== said) complain(`waiting: ${reason}`)
    said = reason
  }
}

// Ends when the reader closes the pipe, as `head` does.
process.stdout.on('error', () => process.exit(ERROR))
// Ignores errors of standard error: Node would exit with 1, which means that the server is open.
process.stderr.on('error', () => {})

async function main(args: readonly string[]): Promise<number> {
  try {
    return await carryOut(readOrder(args))
  } catch (error) {
    const isMistake = error instanceof Mistake
    const lines = isMistake ? error.faults.map(oneLine) : [lineFor(error)]
    const help = args[0] === 'sweep' ? 'relay-test sweep --help' : 'relay-test --help'
    complain(`${lines.join('\nrelay-test: ')}${isMistake ? `; see ${help}` : ''}`)
    return ERROR
  }
}

process.exitCode = await main(process.argv.slice(2))
