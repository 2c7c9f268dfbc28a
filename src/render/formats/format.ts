/** An output format: the text before the rows, for each row, and after them. */
import type { Row } from '../row.ts'

/** How the reader sees the output. */
export interface View {
  readonly coloured: boolean
  /** The width of the terminal; null if nothing needs to be cut. */
  readonly width: number | null
  /** Whether the reader looks for an earlier test: then a table shows the time and the id of each. */
  readonly hasIds?: boolean
}

export interface Format {
  readonly head: string
  /** Returns the text of a row as soon as it is known; empty in a format that is written at the end. */
  row(row: Row, line: object, view: View): string
  /** Returns the text after the last row. */
  foot(rows: readonly Row[]): string
}
