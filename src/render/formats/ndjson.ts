/** The format for programs, and for `--resume` and `--diff`: the whole result of each test on one line of JSON. */
import type { Format } from './format.ts'

export const ndjson: Format = { head: '', row: (_row, line) => `${JSON.stringify(line)}\n`, foot: () => '' }
