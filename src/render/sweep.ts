/** Writes sweeps and their results as text: one line for each in a list, and a sweep with what has changed. */
import type { Sweep, SweepResult } from '../contract/sweeps.ts'
import { ansi, COLOURS } from './colours.ts'
import type { View } from './formats/format.ts'
import { oneLine } from './one-line.ts'
import { endpointOf } from './row.ts'
import { dayOf, minuteOf } from './times.ts'

/** The word before a target: its verdict, or how far it is. */
type Word = NonNullable<SweepResult['verdict']> | SweepResult['state']

const BOLD = ansi('1')
const PAINT: Readonly<Record<Word, (text: string) => string>> = {
  ...COLOURS,
  waiting: ansi('2'),
  running: BOLD,
  tested: BOLD,
  skipped: ansi('1;35'),
}

const WIDTHS = { word: 12, change: 6, place: 21, customer: 12, name: 20, sweep: 16 } as const

/** Returns one target of a sweep as a line. */
export function resultLine(result: SweepResult, { coloured, width }: View): string {
  const { verdict, state, change, customerId, domain, reference, reason, says, openSince } = result
  const word: Word = verdict ?? state
  const name = [domain, reference].filter(Boolean).join(' ')
  const facts = [openSince && `open since ${dayOf(openSince)}`, reason, says].filter(Boolean).join('; ')
  const whole = [
    word.toUpperCase().padEnd(WIDTHS.word),
    (change ?? '').padEnd(WIDTHS.change),
    endpointOf({ target: '', ...result }).padEnd(WIDTHS.place),
    customerId.padEnd(WIDTHS.customer),
    oneLine(name).padEnd(WIDTHS.name),
    oneLine(facts),
  ]
    .join('  ')
    .trimEnd()
  const shown = width === null || whole.length <= width ? whole : `${whole.slice(0, width - 1)}…`
  const painted = shown.slice(0, WIDTHS.word)
  return `${coloured ? PAINT[word](painted) : painted}${shown.slice(WIDTHS.word)}`
}

/** Returns a sweep as a line of a list. */
export function sweepLine(sweep: Sweep): string {
  const { id, name, status, createdAt, progress } = sweep
  const share = `${progress.tested + progress.skipped}/${progress.targets}`
  return [
    status.toUpperCase().padEnd(8),
    name.padEnd(WIDTHS.sweep),
    minuteOf(createdAt),
    id,
    `${share}  ${verdictsOf(sweep)}${changesOf(sweep) ? `  ${changesOf(sweep)}` : ''}`,
  ].join('  ')
}

/** Returns a sweep as some lines. */
export function sweepText(sweep: Sweep): string {
  const { name, status, says, changes, progress } = sweep
  const lines = [
    `${status.toUpperCase()}  ${name}`,
    `${progress.tested} of ${progress.targets} tested: ${progressOf(sweep)}.`,
    changes.against === null ? '' : `Since the sweep before: ${changesOf(sweep)}.`,
    oneLine(says ?? ''),
    factsOf(sweep),
  ]
  return lines.filter(Boolean).join('\n')
}

/** Returns what a sweep has found, and how many targets are not done, in one line. */
export function progressOf(sweep: Sweep): string {
  const { skipped, running, waiting } = sweep.progress
  const parts = [
    verdictsOf(sweep),
    running > 0 && `${running} running`,
    waiting > 0 && `${waiting} ${sweep.status === 'running' ? 'waiting' : 'not tested'}`,
    skipped > 0 && `${skipped} skipped`,
  ]
  return parts.filter(Boolean).join('; ')
}

const verdictsOf = ({ verdicts }: Sweep): string =>
  `${verdicts.open} open, ${verdicts.closed} closed, ${verdicts.inconclusive} inconclusive`

/** Returns what has changed; empty if there is nothing to compare with. */
function changesOf({ changes }: Sweep): string {
  if (changes.against === null) return ''
  const parts = [
    changes.opened > 0 && `${changes.opened} opened`,
    changes.closed > 0 && `${changes.closed} closed again`,
    changes.lost > 0 && `${changes.lost} lost`,
    changes.new > 0 && `${changes.new} new`,
    changes.stillOpen > 0 && `${changes.stillOpen} still open`,
  ]
  return parts.filter(Boolean).join(', ') || 'no change'
}

function factsOf({ id, customers, suite, proof, spread, scheduled, createdAt, finishedAt }: Sweep): string {
  const facts = [
    `${minuteOf(createdAt)}${finishedAt === null ? '' : ` to ${minuteOf(finishedAt)}`} UTC`,
    scheduled && 'by schedule',
    customers === 'all' ? 'all customers' : customers && `customers ${customers.join(', ')}`,
    spread && `spread over ${spread}`,
    `suite ${suite}`,
    `proof ${proof}`,
    `id ${id}`,
  ]
  return facts.filter(Boolean).join(', ')
}
