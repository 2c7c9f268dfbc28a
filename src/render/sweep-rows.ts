/** Writes the results of a sweep for programs and spreadsheets: NDJSON and CSV. */
import { SWEEP_COLUMNS, type SweepResult } from '../contract/sweeps.ts'
import { cell } from './formats/csv.ts'

/** A format of the results: the text before them, and the text of each. */
interface SweepFormat {
  readonly head: string
  row(result: SweepResult): string
}

/** The formats by their media type. */
export const SWEEP_FORMATS: Readonly<Record<'application/x-ndjson' | 'text/csv', SweepFormat>> = {
  'application/x-ndjson': { head: '', row: (result) => `${JSON.stringify(result)}\n` },
  'text/csv': {
    head: `${SWEEP_COLUMNS.join(',')}\r\n`,
    row: (result) => `${SWEEP_COLUMNS.map((name) => cell(`${result[name] ?? ''}`)).join(',')}\r\n`,
  },
}
