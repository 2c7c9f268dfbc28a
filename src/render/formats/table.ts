/** The format for people: one line for each test. */
import { ansi, COLOURS } from '../colours.ts'
import { oneLine } from '../one-line.ts'
import { endpointOf, type Row, type RowEnding } from '../row.ts'
import { minuteOf } from '../times.ts'
import type { Format, View } from './format.ts'

const PAINT: Readonly<Record<RowEnding, (text: string) => string>> = {
  ...COLOURS,
  error: ansi('1;35'),
  running: ansi('1'),
  'not-tested': ansi('2'),
}

const WIDTHS = { verdict: 12, change: 6, time: 16, id: 36, place: 21, name: 20 } as const

export const table: Format = { head: '', row: lineOf, foot: () => '' }

function lineOf(row: Row, _line: object, { coloured, width, hasIds = false }: View): string {
  const name = [row.target === row.ip ? row.domain : row.target, row.reference].filter(Boolean).join(' ')
  const says = row.reason && !row.says.includes(row.reason) ? `${row.reason}: ${row.says}` : row.says
  const isCompared = row.change !== null || row.before !== null
  const before = row.change !== null && row.change !== 'new' ? `was ${row.before ?? 'unknown'}. ` : ''
  const verdict = row.verdict.toUpperCase().padEnd(WIDTHS.verdict)
  const first = [
    verdict,
    ...(isCompared ? [(row.change ?? '').padEnd(WIDTHS.change)] : []),
    ...(hasIds ? [minuteOf(row.createdAt ?? '').padEnd(WIDTHS.time), (row.id ?? '').padEnd(WIDTHS.id)] : []),
    oneLine(endpointOf(row)).padEnd(WIDTHS.place),
  ].join('  ')
  const whole = [first, oneLine(name).padEnd(WIDTHS.name), oneLine(`${before}${says}`)].join('  ').trimEnd()
  // A narrow terminal must not cut off the id or the server, which only these lines name.
  const room = width !== null && hasIds ? Math.max(width, first.trimEnd().length + 1) : width
  const shown = room === null || whole.length <= room ? whole : `${whole.slice(0, room - 1)}…`
  const word = shown.slice(0, verdict.length)
  return `${coloured ? PAINT[row.verdict](word) : word}${shown.slice(verdict.length)}\n`
}
