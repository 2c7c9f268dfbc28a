/** Compares results with those of an earlier time. Pure: it knows no files. */
import type { Verdict } from '../contract/words.ts'
import { type Row, rowOfLine, type ShownChange } from '../render/row.ts'

const SMTP_PORT = 25

/**
 * Returns the text that names a server in all runs: its address and port, and the mail domain if a request named one.
 * Takes a line of NDJSON, or a target with its request. A target without an address is named by itself.
 */
export function keyOf(line: object): string {
  const { ip, target, port, domain, domainSource, knownMailbox }: Partial<Record<string, unknown>> = { ...line }
  const isAsked = domainSource === undefined || domainSource === 'request'
  const mailboxDomain = typeof knownMailbox === 'string' && isAsked ? knownMailbox.split('@').pop() : undefined
  const own = (isAsked ? (domain ?? mailboxDomain) : undefined) ?? ''
  return [ip ?? target, port ?? SMTP_PORT, own].join(' ').toLowerCase()
}

/** The row of the last time; undefined if there is none. */
type Before = Pick<Row, 'verdict'> | undefined

/** Returns how a row differs from the last time; null if it does not. */
export function changeOf(before: Before, { verdict }: Pick<Row, 'verdict'>): ShownChange | null {
  if (before === undefined) return 'new'
  if (verdict === before.verdict) return null
  if (verdict === 'open') return 'opened'
  if (verdict === 'closed') return before.verdict === 'open' ? 'closed' : null
  return before.verdict === 'inconclusive' ? null : 'lost'
}

/** The results of an earlier time. */
export class LastTime {
  readonly #rows: ReadonlyMap<string, Row & { readonly verdict: Verdict }>
  readonly #met = new Set<string>()

  /** @param lines lines of NDJSON. Of two with the same server, the later one counts. Lines without a result do not. */
  constructor(lines: readonly object[]) {
    const rows = lines.map((line) => [keyOf(line), rowOfLine(line)] as const)
    this.#rows = new Map(rows.flatMap(([key, row]) => (hasVerdict(row) ? [[key, row]] : [])))
  }

  /** Returns the members that a new line gets: its change, and the verdict before. */
  compare(line: object): { readonly change: ShownChange | null; readonly before: Verdict | null } {
    const key = keyOf(line)
    this.#met.add(key)
    const before = this.#rows.get(key)
    return { change: changeOf(before, rowOfLine(line)), before: before?.verdict ?? null }
  }

  /** Returns a line for each server that was not compared with anything. */
  gone(): object[] {
    const left = [...this.#rows].filter(([key]) => !this.#met.has(key))
    return left.map(([, { target, ip, port, domain, reference, verdict }]) => {
      const summary = 'It was not among the targets this time.'
      return { target, ip, port, domain, reference, verdict: 'not-tested', change: 'gone', before: verdict, summary }
    })
  }
}

const hasVerdict = (row: Row): row is Row & { readonly verdict: Verdict } =>
  row.verdict === 'open' || row.verdict === 'closed' || row.verdict === 'inconclusive'
