/** Works out what the report of a sweep says: its sentence, its filters, and the order of its results. No page here. */
import type { Sweep, SweepResult } from '../contract/sweeps.ts'
import type { SweepChange, SweepState, Verdict } from '../contract/words.ts'
import { endpointText } from './endpoint.ts'
import { dayInWords } from './times.ts'
import { CHANGES, sweepReason, VERDICTS } from './words.ts'

/** The names of the filters, as the address of the page has them. */
export type FilterName =
  | 'open'
  | 'opened'
  | 'still-open'
  | 'closed'
  | 'new'
  | 'lost'
  | 'inconclusive'
  | 'skipped'
  | 'all'

/** One filter of a report. */
export interface ReportFilter {
  readonly label: string
  /** The query that is sent to the service. */
  readonly query: { readonly state?: SweepState; readonly verdict?: Verdict; readonly change?: SweepChange }
  /** Whether it means something only if there is a sweep to compare with. */
  readonly compares?: true
  /** How many results of a sweep pass the filter. */
  count(sweep: Sweep): number
  /** Whether a result belongs to it, where the service cannot tell. */
  keeps?(result: SweepResult): boolean
}

export const FILTERS: Readonly<Record<FilterName, ReportFilter>> = {
  open: { label: 'Open now', query: { verdict: 'open' }, count: ({ verdicts }) => verdicts.open },
  opened: { label: 'Opened', query: { change: 'opened' }, compares: true, count: ({ changes }) => changes.opened },
  'still-open': {
    label: 'Still open',
    query: { verdict: 'open' },
    compares: true,
    count: ({ changes }) => changes.stillOpen,
    keeps: ({ change, openSince, finishedAt }) => change === null && openSince !== finishedAt,
  },
  closed: {
    label: 'Closed again',
    query: { change: 'closed' },
    compares: true,
    count: ({ changes }) => changes.closed,
  },
  new: { label: 'New', query: { change: 'new' }, compares: true, count: ({ changes }) => changes.new },
  lost: { label: 'Lost', query: { change: 'lost' }, compares: true, count: ({ changes }) => changes.lost },
  inconclusive: {
    label: 'No clear answer',
    query: { verdict: 'inconclusive' },
    count: ({ verdicts }) => verdicts.inconclusive,
  },
  skipped: { label: 'Not tested', query: { state: 'skipped' }, count: ({ progress }) => progress.skipped },
  all: { label: 'All', query: {}, count: ({ progress }) => progress.targets },
}

const NAMES = Object.keys(FILTERS).filter((name): name is FilterName => name in FILTERS)

/** Returns the filter with this name. Returns `open` for an unknown name. */
export const filterNamed = (name: string | null): FilterName => NAMES.find((known) => known === name) ?? 'open'

/** Returns the filters that a sweep has. */
export const filtersOf = ({ changes }: Sweep): readonly FilterName[] =>
  NAMES.filter((name) => changes.against !== null || !FILTERS[name].compares)

/** Returns parts as a list in a sentence: `1, 2 and 3`. */
const joined = (parts: readonly string[]): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`

const NUMBER = new Intl.NumberFormat('en-GB')

/** Returns a number as people write it: `100,000`. */
export const numberText = (count: number): string => NUMBER.format(count)

/** Returns a number with what it counts. */
export const counted = (count: number, one: string, many: string): string =>
  `${numberText(count)} ${count === 1 ? one : many}`

const servers = (count: number): string => counted(count, 'server', 'servers')

const upper = (text: string): string => text.replace(/^[a-z]/, (first) => first.toUpperCase())

/**
 * Returns what a sweep has found, in one sentence.
 *
 * @param before the sweep that it is compared with; null if it is not kept any more
 */
export function outcomeInWords(sweep: Sweep, before: Pick<Sweep, 'createdAt'> | null): string {
  const { status, verdicts, changes } = sweep
  const none = verdicts.open === 0 ? 'no server is an open relay' : null
  const open = none ?? counted(verdicts.open, 'server is an open relay', 'servers are open relays')
  const found = upper(`${status === 'running' ? 'so far, ' : ''}${open}`)
  if (changes.against === null) return `${found}. There is no earlier sweep to compare with.`
  const newAndOpen = verdicts.open - changes.opened - changes.stillOpen
  const changed = [
    changes.opened > 0 && `${numberText(changes.opened)} opened`,
    newAndOpen > 0 && `${numberText(newAndOpen)} new and open`,
    changes.closed > 0 && `${numberText(changes.closed)} closed again`,
  ].filter((part) => part !== false)
  const since = before ? ` ${dayInWords(before.createdAt, sweep.createdAt)}` : ''
  return `${found}; ${joined(changed) || 'none opened or closed'} since the last sweep${since}.`
}

/** Returns what a sweep could not find out, in one sentence. Empty if there is nothing of the kind. */
export function gapsOf({ status, verdicts, progress, changes }: Sweep): string {
  const untested = progress.skipped + (status === 'running' ? 0 : progress.waiting + progress.running)
  const parts = [
    [verdicts.inconclusive, 'server gave no clear answer', 'servers gave no clear answer'],
    [untested, 'server was not tested', 'servers were not tested'],
    [changes.lost, 'server of the last sweep has no result now', 'servers of the last sweep have no result now'],
  ] as const
  const said = joined(parts.filter(([count]) => count > 0).map(([count, one, many]) => counted(count, one, many)))
  return said && `${said}.`
}

/** Returns the colour of a sweep: that of its worst news. */
export function toneOf({ status, verdicts, progress }: Sweep): 'open' | 'running' | 'inconclusive' | 'closed' {
  if (verdicts.open > 0) return 'open'
  if (status === 'running') return 'running'
  return verdicts.inconclusive + progress.skipped + progress.waiting > 0 || verdicts.closed === 0
    ? 'inconclusive'
    : 'closed'
}

/** Returns the part of a sweep that is done, in words. */
export function progressWords({ status, progress: { targets, tested, skipped, running } }: Sweep): string {
  const done = numberText(tested + skipped)
  if (status === 'finished') return `${servers(targets)}, finished`
  if (status === 'stopped') return `stopped after ${done} of ${servers(targets)}`
  return `${done} of ${servers(targets)} done${running > 0 ? `, ${numberText(running)} in progress` : ''}`
}

const STATES = { waiting: 'Waiting', running: 'Running', tested: 'Tested', skipped: 'Not tested' } as const

/** Returns the verdict of a result in a word, or how far it is. */
export const verdictWord = ({ verdict, state }: SweepResult): string =>
  verdict ? VERDICTS[verdict].word : STATES[state]

/** Returns why a result is as it is, in words. Empty if there is nothing to say. */
export const whyOf = ({ says, reason }: SweepResult): string => says ?? (reason === null ? '' : sweepReason(reason))

/** The columns of a report: its heading, and the text of a result that it is sorted by. */
export const COLUMNS = {
  verdict: { label: 'Verdict', text: verdictWord },
  server: { label: 'Server', text: endpointText },
  customer: { label: 'Customer', text: ({ customerId }: SweepResult) => customerId },
  domain: { label: 'Domain', text: ({ domain }: SweepResult) => domain ?? '' },
  change: { label: 'Change', text: ({ change }: SweepResult) => (change ? CHANGES[change] : '') },
  since: { label: 'Open since', text: ({ openSince }: SweepResult) => openSince ?? '' },
  why: { label: 'Why', text: whyOf },
} as const satisfies Readonly<Record<string, { label: string; text(result: SweepResult): string }>>
export type Column = keyof typeof COLUMNS

/** The order of the results. Null puts the most urgent ones first. */
export type Order = { readonly by: Column; readonly isDown: boolean } | null

/** Returns the order after a click on the heading of a column. */
export const orderAfter = (order: Order, by: Column): Order => ({ by, isDown: order?.by === by && !order.isDown })

/** Servers that were not open before come first, then open ones, then those that were open and give no answer now. */
function urgencyOf({ change, verdict, lastVerdict }: SweepResult): number {
  if (verdict === 'open') return change === null ? 1 : 0
  if (lastVerdict === 'open') return 2
  return verdict === 'closed' || verdict === null ? 4 : 3
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Returns the results that have a text, in an order. Those without a value of the column come last. */
export function arranged(results: readonly SweepResult[], text: string, order: Order): readonly SweepResult[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const found = words.length === 0 ? results : results.filter((result) => has(result, words))
  if (order === null) return [...found].sort((a, b) => urgencyOf(a) - urgencyOf(b))
  const { text: textOf } = COLUMNS[order.by]
  return found
    .map((result) => ({ result, key: textOf(result) }))
    .sort((a, b) => {
      if (a.key === '' || b.key === '') return a.key === b.key ? 0 : a.key === '' ? 1 : -1
      return collator.compare(a.key, b.key) * (order.isDown ? -1 : 1)
    })
    .map(({ result }) => result)
}

function has(result: SweepResult, words: readonly string[]): boolean {
  const columns = Object.values(COLUMNS).map(({ text }) => text(result))
  const all = [...columns, result.reference ?? ''].join('\n').toLowerCase()
  return words.every((word) => all.includes(word))
}

/** Returns the customers of results, each once, in the order of their names. */
export const customersOf = (results: readonly SweepResult[]): readonly string[] =>
  [...new Set(results.map(({ customerId }) => customerId))].sort(collator.compare)

/** Returns the query of the results of a filter, and of one customer if it is not null. */
export function queryOf(
  filter: FilterName,
  customer: string | null,
  more: Readonly<Record<string, string>> = {},
): string {
  return new URLSearchParams({
    ...FILTERS[filter].query,
    ...(customer === null ? {} : { customerId: customer }),
    ...more,
  }).toString()
}
