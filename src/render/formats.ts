/** The output formats of many tests, by name: to add one, add a file, and a row here. */
import { csv } from './formats/csv.ts'
import type { Format } from './formats/format.ts'
import { html } from './formats/html.ts'
import { junit } from './formats/junit.ts'
import { ndjson } from './formats/ndjson.ts'
import { table } from './formats/table.ts'

export const FORMAT_NAMES = ['table', 'ndjson', 'csv', 'junit', 'html'] as const
export type FormatName = (typeof FORMAT_NAMES)[number]

export const FORMATS: Readonly<Record<FormatName, Format>> = { table, ndjson, csv, junit, html }
