/** The command line of `relay-test sweep`, read and checked. */
import type { NewSweep, SweepFilter } from '../../client/client.ts'
import { PROOFS, SUITES, SWEEP_CHANGES, SWEEP_STATES, VERDICTS } from '../../contract/words.ts'
import { checkOptions, type Option, type Values } from '../arguments.ts'
import { Mistake } from '../mistake.ts'
import { formatIn, isId, wordIn } from '../values.ts'

/** How results are printed. */
export const SWEEP_FORMATS = ['table', 'ndjson', 'csv'] as const
export type SweepFormat = (typeof SWEEP_FORMATS)[number]

/** One order about sweeps, with its options. */
export type SweepOrder = StartOrder | ListOrder | ShowOrder | ResultsOrder | StopOrder

export interface StartOrder {
  readonly action: 'start'
  /** The request without the targets of the file. */
  readonly request: NewSweep
  /** A path, or `-` for standard input. Null if the sweep tests the servers of customers. */
  readonly file: string | null
  readonly wait: boolean
  readonly json: boolean
}

interface ListOrder {
  readonly action: 'list'
  readonly name: string | undefined
  readonly json: boolean
}

export interface ShowOrder {
  readonly action: 'show'
  readonly id: string
  readonly wait: boolean
  readonly json: boolean
}

export interface ResultsOrder {
  readonly action: 'results'
  readonly id: string
  readonly filter: SweepFilter
  /** Null: a table on a terminal, otherwise NDJSON. */
  readonly format: SweepFormat | null
}

interface StopOrder {
  readonly action: 'stop'
  readonly id: string
  readonly json: boolean
}

/** The options that each action takes. */
const TAKES: Readonly<Record<SweepOrder['action'], readonly Option[]>> = {
  start: ['customers', 'file', 'spread', 'suite', 'proof', 'wait', 'json'],
  list: ['json'],
  show: ['wait', 'json'],
  results: ['verdict', 'change', 'state', 'customer', 'format', 'json'],
  stop: ['json'],
}

const NO_ACTION = 'sweep: enter what to do: start NAME, list, show ID, results ID or stop ID'
const NO_NAME =
  'sweep start: enter a name for the sweep, for example weekly: it is compared with the last sweep of that name'
const NO_TARGETS = 'sweep start: enter what to test: --customers all, --customers ID,ID or --file FILE'
const NO_CUSTOMER = '--customers: enter all, or ids of customers with commas between them'

/** Reads the words after `sweep`, and the options. Throws Mistake with the first fault. */
export function readSweepOrder([first, subject, surplus]: readonly string[], values: Values): SweepOrder {
  const action = ACTIONS.find((one) => one === first)
  if (action === undefined) throw new Mistake(first === undefined ? NO_ACTION : `${NO_ACTION}, not "${first}"`)
  if (surplus !== undefined) throw new Mistake(`${surplus}: sweep ${action} takes only one name or id`)
  checkOptions(values, TAKES[action], `sweep ${action}`)
  const { wait = false, json = false } = values
  if (action === 'list') return { action, name: subject, json }
  if (action === 'start') {
    return { action, request: requestIn(subject, values), file: values.file ?? null, wait, json }
  }
  const id = idIn(action, subject)
  if (action === 'stop') return { action, id, json }
  if (action === 'show') return { action, id, wait, json }
  const format = formatIn(values.format, json, SWEEP_FORMATS)
  return { action, id, filter: filterIn(values), format }
}

const ACTIONS = ['start', 'list', 'show', 'results', 'stop'] as const satisfies readonly SweepOrder['action'][]

function idIn(action: string, given: string | undefined): string {
  if (given !== undefined && isId(given)) return given
  const names = given === undefined ? '' : `; "${given}" is not one`
  throw new Mistake(`sweep ${action}: enter the id of a sweep, which relay-test sweep list shows${names}`)
}

function requestIn(name: string | undefined, { customers, file, spread, ...values }: Values): NewSweep {
  if (name === undefined) throw new Mistake(NO_NAME)
  if (customers === undefined && file === undefined) throw new Mistake(NO_TARGETS)
  if (customers !== undefined && file !== undefined) throw new Mistake('use --customers or --file, not both')
  const suite = wordIn('--suite', values.suite, SUITES)
  const proof = wordIn('--proof', values.proof, PROOFS)
  return {
    name,
    ...(customers === undefined ? {} : { customers: customersIn(customers) }),
    ...(suite === undefined ? {} : { suite }),
    ...(proof === undefined ? {} : { proof }),
    ...(spread === undefined ? {} : { spread }),
  }
}

function customersIn(given: string): 'all' | string[] {
  const ids = given.split(',').map((id) => id.trim())
  if (ids.includes('')) throw new Mistake(NO_CUSTOMER)
  return given === 'all' ? given : ids
}

function filterIn({ customer, ...values }: Values): SweepFilter {
  const verdict = wordIn('--verdict', values.verdict, VERDICTS)
  const change = wordIn('--change', values.change, SWEEP_CHANGES)
  const state = wordIn('--state', values.state, SWEEP_STATES)
  return {
    ...(verdict === undefined ? {} : { verdict }),
    ...(change === undefined ? {} : { change }),
    ...(state === undefined ? {} : { state }),
    ...(customer === undefined ? {} : { customerId: customer }),
  }
}
