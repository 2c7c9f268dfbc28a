/** One row of a table of tests: the facts that output formats show of a test, or of a target without one. */

import { VERDICTS } from '../contract/words.ts'
import { endpointText } from './endpoint.ts'

/** How a target ended. `error`: its test could not be made. `not-tested`: it was not among the targets. */
const ENDINGS = [...VERDICTS, 'error', 'running', 'not-tested'] as const
export type RowEnding = (typeof ENDINGS)[number]

/**
 * How a row differs from the last time. `opened`: open, and not open before. `closed`: closed, and open before. `lost`:
 * without an answer, and with one before. `new`: not tested before. `gone`: tested before, and not this time.
 */
const CHANGES = ['opened', 'closed', 'lost', 'new', 'gone'] as const
export type ShownChange = (typeof CHANGES)[number]

export interface Row {
  readonly verdict: RowEnding
  /** Null if nothing changed, or if there was no comparison. */
  readonly change: ShownChange | null
  /** The verdict of the last time. */
  readonly before: RowEnding | null
  /** As the user wrote it: an address, a host name or a mail domain. */
  readonly target: string
  readonly ip: string | null
  readonly port: number | null
  readonly domain: string | null
  readonly reference: string | null
  readonly reason: string | null
  readonly cause: string | null
  readonly evidence: string | null
  /** The summary of the result, or the reason why there is none. */
  readonly says: string
  readonly createdAt: string | null
  readonly finishedAt: string | null
  readonly durationMs: number | null
  readonly id: string | null
}

/** Returns the row for a line of NDJSON: a result or its summary, or a target with its `error`. */
export function rowOfLine(line: object): Row {
  const members: Readonly<Record<string, unknown>> = { ...line }
  const text = (name: string) => textOf(members[name])
  const ip = text('ip')
  const failure: Readonly<Record<string, unknown>> = { ...(isObject(members.error) ? members.error : {}) }
  const running = members.status === 'running' ? 'running' : 'error'
  return {
    verdict: ENDINGS.find((one) => one === members.verdict) ?? running,
    change: CHANGES.find((one) => one === members.change) ?? null,
    before: ENDINGS.find((one) => one === members.before) ?? null,
    target: text('target') ?? ip ?? '',
    ip,
    port: numberOf(members.port),
    domain: text('domain'),
    reference: text('reference'),
    reason: text('reason') ?? textOf(failure.slug),
    cause: text('cause'),
    evidence: text('evidence'),
    says: text('summary') ?? textOf(failure.detail) ?? '',
    createdAt: text('createdAt'),
    finishedAt: text('finishedAt'),
    durationMs: numberOf(members.durationMs),
    id: text('id'),
  }
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** Returns where a row was tested, for example `203.0.113.25:25`; its target if it has no address. */
export function endpointOf({ target, ip, port }: Pick<Row, 'target' | 'ip' | 'port'>): string {
  if (ip === null) return target
  return port === null ? ip : endpointText(ip, port)
}

/** Returns how many rows ended in which way, for example `1 open, 2 closed, 0 inconclusive, 0 error`. */
export const countsOf = (endings: readonly RowEnding[]): string =>
  (['open', 'closed', 'inconclusive', 'error'] as const)
    .map((ending) => `${endings.filter((one) => one === ending).length} ${ending}`)
    .join(', ')

/** Returns how many rows changed in which way. */
export function changesIn(rows: readonly Row[]): string {
  return CHANGES.map((change) => `${rows.filter((row) => row.change === change).length} ${change}`).join(', ')
}

/** The columns of tables for other programs: a name, and the text of a row. */
export const COLUMNS: readonly (readonly [name: string, textOf: (row: Row) => string])[] = [
  ['verdict', ({ verdict }) => verdict],
  ['change', ({ change }) => change ?? ''],
  ['before', ({ before }) => before ?? ''],
  ['target', ({ target }) => target],
  ['ip', ({ ip }) => ip ?? ''],
  ['port', ({ port }) => `${port ?? ''}`],
  ['domain', ({ domain }) => domain ?? ''],
  ['reference', ({ reference }) => reference ?? ''],
  ['reason', ({ reason }) => reason ?? ''],
  ['cause', ({ cause }) => cause ?? ''],
  ['evidence', ({ evidence }) => evidence ?? ''],
  ['summary', ({ says }) => says],
  ['finishedAt', ({ finishedAt }) => finishedAt ?? ''],
  ['id', ({ id }) => id ?? ''],
]
