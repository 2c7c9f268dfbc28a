/** The format for spreadsheets: comma-separated values (RFC 4180). */
import { oneLine } from '../one-line.ts'
import { COLUMNS } from '../row.ts'
import type { Format } from './format.ts'

/** Spreadsheets run a cell that begins like this as a formula, also after spaces, and with full-width characters. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/

/** Returns a cell in quotes. An apostrophe before a formula makes it text. */
export function cell(text: string): string {
  const line = oneLine(text)
  return `"${(FORMULA.test(line) ? `'${line}` : line).replaceAll('"', '""')}"`
}

export const csv: Format = {
  head: `${COLUMNS.map(([name]) => name).join(',')}\r\n`,
  row: (row) => `${COLUMNS.map(([, textOf]) => cell(textOf(row))).join(',')}\r\n`,
  foot: () => '',
}
