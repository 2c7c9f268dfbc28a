/** Turns measurements into medians and Markdown tables, and writes them into the documents. */
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../../test/harness/service.ts'

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** Returns the value that the given part (0 to 1) of the sorted values does not exceed. */
export const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN

/** Returns a number with at most two decimals: fewer for larger numbers. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 10 ? 1 : 2)
}

/** Returns a table in Markdown. The first column is aligned to the left, the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)).join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}

/** Writes a text into a document between the marks of its part, with the date and the machine. */
export function writeInto(document: string, part: string, text: string): void {
  const path = join(ROOT, document)
  const [start, end] = [`<!-- ${part} -->`, `<!-- /${part} -->`]
  const before = readFileSync(path, 'utf8')
  const [from, to] = [before.indexOf(start), before.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`${document} has no place for ${part}`)
  const [cpu] = cpus()
  const date = new Date().toISOString().slice(0, 10)
  const where = `${date}, Node.js ${process.versions.node}, ${cpus().length} cores (${cpu?.model.trim()}), Linux`
  writeFileSync(path, `${before.slice(0, from)}${start}\n${where}:\n\n${text}\n${before.slice(to)}`)
}
