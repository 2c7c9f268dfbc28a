/** The commands that test nothing: list, limits and vantages. */
import type { Limits, LimitsOptions, ListFilter, RelayTestClient, VantageView } from '../client/client.ts'
import { FORMATS, type FormatName } from '../render/formats.ts'
import { oneLine } from '../render/one-line.ts'
import { rowOfLine } from '../render/row.ts'
import { secondOf } from '../render/times.ts'
import { say, terminalView, write } from './terminal.ts'

/** Prints the tests that match, newest first. */
export async function printList(client: RelayTestClient, filter: ListFilter, name: FormatName | null): Promise<void> {
  const tests = await client.list(filter)
  const format = FORMATS[name ?? (process.stdout.isTTY ? 'table' : 'ndjson')]
  const view = { ...terminalView(), hasIds: true }
  write(format.head)
  for (const test of tests) write(format.row(rowOfLine(test), test, view))
  write(format.foot(tests.map(rowOfLine)))
}

/** Prints what the key may do. */
export async function printLimits(client: RelayTestClient, of: LimitsOptions, json: boolean): Promise<void> {
  const limits = await client.limits(of)
  say(json ? JSON.stringify(limits) : limitsText(limits))
}

/** Prints where tests can come from. */
export async function printVantages(client: RelayTestClient, json: boolean): Promise<void> {
  const vantages = await client.vantages()
  say(json ? JSON.stringify({ vantages }) : vantages.map(vantageText).join('\n'))
}

/** Returns the limits of a key as text. */
function limitsText({ caller, customers, quotas, concurrentTests, ports }: Limits): string {
  const scope = customers === 'all' ? 'all customers' : customers.join(', ')
  const rows = quotas.map(({ name, limit, windowSeconds, remaining, resetsAt, counts }) => {
    const each = `${limit} in ${durationText(windowSeconds)}`
    const left = remaining === null ? '' : `${remaining} left`
    const again = remaining === limit || resetsAt === null ? '' : `, all again at ${secondOf(resetsAt)}`
    return `  ${name.padEnd(15)}  ${each.padEnd(15)}  ${`${left}${again}`.padEnd(46)}  ${counts}`
  })
  return [
    `${caller} may test: ${scope}`,
    `Ports: ${ports.join(', ')}. Tests at the same time: ${concurrentTests}.`,
    'Quotas:',
    ...rows,
    ...(quotas.some(({ remaining }) => remaining === null) ? [NO_ADDRESS] : []),
  ].join('\n')
}

const NO_ADDRESS = 'To see what is left of the other quotas, give an address, as in: relay-test limits 203.0.113.25'

/** Returns a duration in hours if it is whole hours, otherwise in minutes, rounded up; a short one in seconds. */
function durationText(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`
}

/** Returns a vantage as text, with the checks that failed. */
function vantageText({ name, state, publicIps, families, ehlo, checks }: VantageView): string {
  const facts = [families.join(' and '), publicIps.join(', '), ehlo && `EHLO ${ehlo}`].filter(Boolean)
  const faults = checks.filter(({ outcome }) => outcome === 'failed')
  const lines = faults.map((fault) => `  ${oneLine(`${fault.name}: ${fault.detail}`)}`)
  return [oneLine(`${name}  ${state}  ${facts.join('  ')}`), ...lines].join('\n')
}
