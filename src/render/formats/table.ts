/** The format for people: one line for each test, as it ends. */
import { ansi, COLOURS } from '../colours.ts'
import { oneLine } from '../one-line.ts'
import { endpointOf, type Row, type RowEnding } from '../row.ts'
import type { Format, View } from './format.ts'

const PAINT: Readonly<Record<RowEnding, (text: string) => string>> = {
  ...COLOURS,
  error: ansi('1;35'),
  running: ansi('1'),
  'not-tested': ansi('2'),
}

const WIDTHS = { verdict: 12, change: 6, place: 21, name: 20 } as const

export const table: Format = { head: '', row: lineOf, foot: () => '' }

function lineOf(row: Row, _line: object, { coloured, width }: View): string {
  const name = [row.target === row.ip ? row.domain : row.target, row.reference].filter(Boolean).join(' ')
  const says = row.reason && !row.says.includes(row.reason) ? `${row.reason}: ${row.says}` : row.says
  const isCompared = row.change !== null || row.before !== null
  const before = row.change !== null && row.change !== 'new' ? `was ${row.before ?? 'unknown'}. ` : ''
  const rest = [
    ...(isCompared ? [(row.change ?? '').padEnd(WIDTHS.change)] : []),
    oneLine(endpointOf(row)).padEnd(WIDTHS.place),
    oneLine(name).padEnd(WIDTHS.name),
    oneLine(`${before}${says}`),
  ].join('  ')
  const verdict = row.verdict.toUpperCase().padEnd(WIDTHS.verdict)
  const whole = `${verdict}  ${rest}`.trimEnd()
  const shown = width === null || whole.length <= width ? whole : `${whole.slice(0, width - 1)}…`
  const word = shown.slice(0, verdict.length)
  return `${coloured ? PAINT[row.verdict](word) : word}${shown.slice(verdict.length)}\n`
}
