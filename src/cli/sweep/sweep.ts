/** The commands about sweeps: start, list, show, results and stop. Each returns its exit code. */
import type { RelayTestClient, Sweep } from '../../client/client.ts'
import { sweepLine, sweepText } from '../../render/sweep.ts'
import { exitCodeOf } from '../ending.ts'
import { complain, say, terminalView } from '../terminal.ts'
import { changesText } from './changes.ts'
import type { ShowOrder, StartOrder, SweepOrder } from './order.ts'
import { explain } from './refusal.ts'
import { printResults } from './results.ts'
import { readSweepTargets, type SweepTargets } from './targets.ts'
import { endingsOf, untilEnd } from './watch.ts'

const OK = 0

/** Reads the file of an order; null if it has none. Throws Mistake if the file is wrong. */
export const readSweepFile = (order: SweepOrder): SweepTargets | null =>
  order.action === 'start' && order.file !== null ? readSweepTargets(order.file) : null

/** Carries out an order about sweeps. */
export async function carryOutSweep(
  client: RelayTestClient,
  order: SweepOrder,
  file: SweepTargets | null,
): Promise<number> {
  if (order.action === 'start') return start(client, order, file)
  if (order.action === 'show') return show(client, await client.readSweep(order.id), order)
  if (order.action === 'list') printList(await client.sweeps(order.name), order.json)
  if (order.action === 'results') await printResults(client, order)
  if (order.action === 'stop') {
    const sweep = await client.stopSweep(order.id)
    say(order.json ? JSON.stringify(sweep) : sweepText(sweep))
  }
  return OK
}

async function start(client: RelayTestClient, order: StartOrder, file: SweepTargets | null): Promise<number> {
  const request = { ...order.request, ...(file ? { targets: file.targets } : {}) }
  const sweep = await client.sweep(request).catch((error: unknown) => {
    throw explain(error, file)
  })
  if (order.wait) complain(`the sweep has begun; its id is ${sweep.id}`)
  const code = await show(client, sweep, order)
  if (!order.wait && !order.json) say(`\nTo wait for its end: relay-test sweep show ${sweep.id} --wait`)
  return code
}

/** Prints a sweep with what has changed; with `wait`, when it has ended. */
async function show(client: RelayTestClient, now: Sweep, { wait, json }: ShowOrder | StartOrder): Promise<number> {
  const sweep = wait ? await untilEnd(now) : now
  if (json) say(JSON.stringify(sweep))
  else {
    say([sweepText(sweep), ...(await changesText(client, sweep, terminalView()))].join('\n\n'))
  }
  return wait ? exitCodeOf(endingsOf(sweep)) : OK
}

function printList(sweeps: readonly Sweep[], json: boolean): void {
  for (const sweep of sweeps) say(json ? JSON.stringify(sweep) : sweepLine(sweep))
}
