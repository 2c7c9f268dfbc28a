/** The state of the page. Everything that the page shows is drawn from it, each time that it changes. */
import type { Limits } from '../contract/limits.ts'
import type { NewRelayTest, RelayTest, RelayTestSummary } from '../contract/relay-test.ts'
import type { AddressList, CustomerList } from '../contract/scope.ts'
import type { Sweep, SweepResult } from '../contract/sweeps.ts'
import type { VantageView } from '../contract/vantages.ts'
import type { Live } from './live.ts'
import type { FilterName, Order } from './report.ts'

/** A test that can be started, and the name of its server. */
export interface StartableTest {
  readonly host: string | null
  readonly body: NewRelayTest
}

/** One of several addresses that are tested in one go. */
export interface Seat {
  readonly ip: string
  readonly host: string | null
  readonly id: string | null
  readonly live: Live
  /** Why there is no test of it; null if there is one. */
  readonly problem: string | null
}

/** The report of one sweep. */
export interface ShownSweep {
  readonly is: 'sweep'
  readonly sweep: Sweep
  /** The sweep that it is compared with; null if there is none, or if it is not kept any more. */
  readonly before: Sweep | null
  readonly filter: FilterName
  readonly customer: string | null
  /** The results that are loaded. A large sweep is loaded in pages. */
  readonly results: readonly SweepResult[]
  /** Where the results go on; null at their end. */
  readonly cursor: string | null
  readonly isLoading: boolean
  /** The text that the reader looks for in the results. */
  readonly text: string
  readonly order: Order
  /** The results that have the text, in order. */
  readonly listed: readonly SweepResult[]
  /** The customers of the listed results. */
  readonly customers: readonly string[]
  /** The position of the first listed result that the table shows. */
  readonly from: number
  /** Whether the page asks the reader to confirm that the sweep must stop. */
  readonly asksToStop: boolean
}

/** The content of the page besides its form. */
export type Screen =
  | { readonly is: 'start' }
  | { readonly is: 'choices'; readonly found: AddressList; readonly requests: readonly StartableTest[] }
  | { readonly is: 'running'; readonly live: Live }
  | { readonly is: 'broken'; readonly live: Live }
  | { readonly is: 'result'; readonly test: RelayTest; readonly earlier: readonly RelayTestSummary[] }
  | { readonly is: 'several'; readonly name: string | null; readonly seats: readonly Seat[] }
  | { readonly is: 'sweeps'; readonly sweeps: readonly Sweep[] }
  | ShownSweep

/** The fields of the form. A problem can be about one of them. */
export type Field =
  | 'target'
  | 'domain'
  | 'knownMailbox'
  | 'reference'
  | 'port'
  | 'suite'
  | 'proof'
  | 'customerId'
  | 'vantage'
  | 'sweep-name'
  | 'sweep-customers'
  | 'sweep-spread'

/** A problem, at the field or at the form that it is about. */
export interface Trouble {
  /** The message at the form; null if it is at a field. */
  readonly says: string | null
  readonly fields: Partial<Readonly<Record<Field, string>>>
  /** A test, or a sweep, that can be shown instead: what follows `#/` in its address. */
  readonly offer: { readonly id: string; readonly text: string } | null
  /** When the same request may work, in milliseconds since 1970; null if waiting does not help. */
  readonly until: number | null
}

export const NO_TROUBLE: Trouble = { says: null, fields: {}, offer: null, until: null }

/** One quota as the page shows it. */
export type QuotaLeft = Pick<Limits['quotas'][number], 'name' | 'counts' | 'limit'> & {
  readonly remaining: number
  /** When its window ends, in milliseconds since 1970. */
  readonly resetsAt: number
}

export interface State {
  /** The permissions and quotas of the key. Null before the user is signed in. */
  readonly limits: Limits | null
  /** The message at the form for the key; null if that form is not needed. */
  readonly keyProblem: string | null
  readonly screen: Screen
  readonly trouble: Trouble
  /** Says what the page waits for, with the word on the button that stops it. Null if it waits for nothing. */
  readonly busy: { readonly says: string; readonly leave: string } | null
  readonly quotas: readonly QuotaLeft[]
  /** The newest tests of all addresses. */
  readonly recent: readonly RelayTestSummary[]
  readonly customers: CustomerList['customers']
  readonly vantages: readonly VantageView[]
  /** Whether the key may use sweeps. */
  readonly maySweep: boolean
  /** The last message that is read out and shown for a moment. */
  readonly said: string
  /** A text that could not be copied, to copy by hand. */
  readonly byHand: string | null
  readonly now: number
}

let current: State = {
  limits: null,
  keyProblem: null,
  screen: { is: 'start' },
  trouble: NO_TROUBLE,
  busy: null,
  quotas: [],
  recent: [],
  customers: [],
  vantages: [],
  maySweep: false,
  said: '',
  byHand: null,
  now: Date.now(),
}
let draw: (state: State) => void = () => {}

/** Returns the state now. */
export const state = (): State => current

/** How long changes are gathered before the page is drawn, in milliseconds. A session comes in hundreds of lines. */
const GATHER_MS = 20
let isDue = false

/** Changes parts of the state. The page is drawn a moment later. */
export function change(parts: Partial<State>): void {
  current = { ...current, ...parts, now: Date.now() }
  if (isDue) return
  isDue = true
  setTimeout(() => {
    isDue = false
    draw(current)
  }, GATHER_MS)
}

/** Sets the function that draws the page, and draws it. */
export function drawWith(drawing: (state: State) => void): void {
  draw = drawing
  draw(current)
}

/** Returns the ids in the address of the page: `#/ID`, or `#/ID,ID` for several tests. */
export const idsInPage = (): readonly string[] =>
  sweepInPage() ? [] : (/^#\/([\w,-]+)$/.exec(location.hash)?.[1]?.split(',') ?? [])

/** The part of the page's address that is about sweeps. */
export interface SweepView {
  /** Null for the list of sweeps. */
  readonly id: string | null
  readonly filter: string | null
  readonly customer: string | null
}

/** Returns what follows `#/sweeps` in the address of the page: `/ID/FILTER/CUSTOMER`, or less. Null on other pages. */
export function sweepInPage(): SweepView | null {
  const [start, id = null, filter = null, customer = null] = location.hash.slice(2).split('/')
  return start === 'sweeps' ? { id, filter, customer } : null
}

/** Returns the link to a report. */
export const sweepLink = (id: string, filter: string, customer: string | null = null): string =>
  ['#/sweeps', id, filter, ...(customer === null ? [] : [customer])].join('/')
