/** Prints the results of a sweep, while they come. */
import type { RelayTestClient, SweepResult } from '../../client/client.ts'
import { resultLine } from '../../render/sweep.ts'
import { say, terminalView, write } from '../terminal.ts'
import type { ResultsOrder } from './order.ts'

/** Prints the results that match: a table on a terminal, otherwise NDJSON. */
export async function printResults(client: RelayTestClient, { id, filter, format }: ResultsOrder): Promise<void> {
  if (format === 'csv') {
    for await (const piece of client.sweepCsv(id, filter)) write(piece)
    return
  }
  const isTable = format === null ? process.stdout.isTTY : format === 'table'
  const view = terminalView()
  const textOf = (result: SweepResult) => (isTable ? resultLine(result, view) : JSON.stringify(result))
  for await (const result of client.sweepResults(id, filter)) say(textOf(result))
}
