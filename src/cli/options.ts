/** The command line of `relay-test`, read and checked. */
import type { LimitsOptions, ListFilter } from '../client/client.ts'
import { PROOFS, type Proof, SUITES, type Suite, VERDICTS } from '../contract/words.ts'
import { FORMAT_NAMES, type FormatName } from '../render/formats.ts'
import { checkOptions, type Option, parseArguments, type Values } from './arguments.ts'
import { Mistake } from './mistake.ts'
import { readSweepOrder, type SweepOrder } from './sweep/order.ts'
import { namedTarget } from './targets.ts'
import { addressIn, formatIn, inAscii, isId, numberIn, timeOf, wordIn } from './values.ts'

/** The options that go into every request. The service chooses what is left out. */
export interface TestOptions {
  readonly port?: number
  readonly domain?: string
  readonly knownMailbox?: string
  readonly suite?: Suite
  readonly proof?: Proof
  readonly vantage?: string
  readonly reference?: string
}

/** One order of the command line, with its options. */
export type CliOrder =
  | { readonly command: 'help'; readonly of: 'sweep' | null }
  | { readonly command: 'version' }
  | { readonly command: 'test'; readonly target: string; readonly test: TestOptions; readonly json: boolean }
  | { readonly command: 'show'; readonly id: string; readonly json: boolean }
  | FileOrder
  | { readonly command: 'list'; readonly filter: ListFilter; readonly format: FormatName | null }
  | { readonly command: 'limits'; readonly of: LimitsOptions; readonly json: boolean }
  | { readonly command: 'vantages'; readonly json: boolean }
  | { readonly command: 'sweep'; readonly sweep: SweepOrder }

/** A file of targets to test. */
export interface FileOrder {
  readonly command: 'file'
  /** A path, or `-` for standard input. */
  readonly file: string
  readonly test: TestOptions
  /** The number of tests at the same time. */
  readonly atOnce: number
  /** Null: a table on a terminal, otherwise NDJSON. */
  readonly format: FormatName | null
  readonly resume: string | null
  readonly diff: string | null
}

const AT_ONCE = { default: 4, max: 32 } as const
const MOST_LISTED = 100_000
const NO_TARGET = 'enter an IP address, a host name or a mail domain, for example 203.0.113.25'

const TEST_OPTIONS: readonly Option[] = ['domain', 'known-mailbox', 'suite', 'proof', 'vantage', 'reference', 'port']

/** The options that each command takes. */
const TAKES: Readonly<Record<Exclude<CliOrder['command'], 'help' | 'version' | 'sweep'>, readonly Option[]>> = {
  test: [...TEST_OPTIONS, 'json'],
  show: ['json'],
  file: [...TEST_OPTIONS, 'json', 'file', 'at-once', 'format', 'resume', 'diff'],
  list: ['ip', 'reference', 'customer', 'verdict', 'since', 'limit', 'format', 'json'],
  limits: ['port', 'customer', 'json'],
  vantages: ['json'],
}

/** Reads the command line. Throws Mistake with the first fault. */
export function readOrder(args: readonly string[]): CliOrder {
  const { values, positionals } = parseArguments(args)
  const [first = null, ...others] = positionals
  if (values.help) return { command: 'help', of: first === 'sweep' ? first : null }
  if (values.version) return { command: 'version' }
  if (first === 'sweep') return { command: 'sweep', sweep: readSweepOrder(others, values) }
  const command = commandOf(first, values)
  const [surplus] = command === 'limits' ? others.slice(1) : others
  if (surplus !== undefined) throw new Mistake(SURPLUS[command](surplus))
  checkOptions(values, TAKES[command], NAMES[command])
  const json = values.json ?? false
  const format = formatIn(values.format, json, FORMAT_NAMES)
  if (command === 'list') return { command, filter: filterIn(values), format }
  if (command === 'limits') return { command, of: limitsIn(others[0], values), json }
  if (command === 'vantages') return { command, json }
  if (command === 'show') return { command, id: first ?? '', json }
  if (command === 'test') return { command, ...targetIn(first ?? '', testIn(values)), json }
  return {
    command,
    file: values.file ?? '-',
    test: testIn(values),
    atOnce: numberIn('--at-once', values['at-once'], AT_ONCE.max) ?? AT_ONCE.default,
    format,
    resume: values.resume ?? null,
    diff: values.diff ?? null,
  }
}

/** How messages name a command. */
const NAMES = {
  test: 'a target',
  show: 'the id of a test',
  file: '--file',
  list: 'list',
  limits: 'limits',
  vantages: 'vantages',
} as const

/** The advice for a word that a command does not take. */
const ONE_TARGET = (word: string) => `${word}: only one target is allowed; to test many, use --file`
const SURPLUS: Readonly<Record<keyof typeof TAKES, (word: string) => string>> = {
  test: ONE_TARGET,
  show: ONE_TARGET,
  file: ONE_TARGET,
  list: (word) => `list: to choose tests, use --ip ${word} or --reference ${word}`,
  limits: (word) => `limits: enter one address; remove ${word}`,
  vantages: (word) => `vantages: it takes no address and no name; remove ${word}`,
}

function commandOf(first: string | null, { file }: Values): keyof typeof TAKES {
  if (first !== null && file !== undefined) throw new Mistake('use a target or --file, not both')
  if (file !== undefined) return 'file'
  if (first === null || first.trim() === '') throw new Mistake(NO_TARGET)
  if (first === 'list' || first === 'limits' || first === 'vantages') return first
  return isId(first) ? 'show' : 'test'
}

function testIn({ domain, reference, vantage, 'known-mailbox': knownMailbox, ...values }: Values): TestOptions {
  const port = numberIn('--port', values.port, 65535)
  const suite = wordIn('--suite', values.suite, SUITES)
  const proof = wordIn('--proof', values.proof, PROOFS)
  return {
    ...(port === undefined ? {} : { port }),
    ...(domain === undefined ? {} : { domain: inAscii(domain) }),
    ...(knownMailbox === undefined ? {} : { knownMailbox: inAscii(knownMailbox) }),
    ...(suite === undefined ? {} : { suite }),
    ...(proof === undefined ? {} : { proof }),
    ...(vantage === undefined ? {} : { vantage }),
    ...(reference === undefined ? {} : { reference }),
  }
}

/** Returns the target of a word with the options of its test. Options win over a mail address. */
function targetIn(word: string, test: TestOptions): { readonly target: string; readonly test: TestOptions } {
  const named = namedTarget(word)
  if (typeof named === 'string') throw new Mistake(named)
  const { target, ...own } = named
  if (own.port !== undefined && test.port !== undefined) throw new Mistake(TWO_PORTS)
  return { target, test: { ...own, ...test } }
}

const TWO_PORTS = 'write the port after the address or use --port, not both'

function limitsIn(word: string | undefined, { customer, ...values }: Values): LimitsOptions {
  const given = numberIn('--port', values.port, 65535)
  if (word === undefined) {
    const [option] = Object.entries({ port: given, customer }).flatMap(([name, value]) => (value ? [name] : []))
    if (option) throw new Mistake(`--${option}: enter an address too, for example relay-test limits 203.0.113.25`)
    return {}
  }
  const named = namedTarget(word)
  const ip = addressIn('limits', typeof named === 'string' ? word : named.target)
  const { port } = targetIn(word, given === undefined ? {} : { port: given }).test
  return {
    ip,
    ...(port === undefined ? {} : { port }),
    ...(customer === undefined ? {} : { customerId: customer }),
  }
}

function filterIn({ ip, reference, customer, ...values }: Values): ListFilter {
  const verdict = wordIn('--verdict', values.verdict, VERDICTS)
  const limit = numberIn('--limit', values.limit, MOST_LISTED)
  return {
    ...(ip === undefined ? {} : { ip: addressIn('--ip', ip) }),
    ...(reference === undefined ? {} : { reference }),
    ...(customer === undefined ? {} : { customerId: customer }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(values.since === undefined ? {} : { since: timeOf('--since', values.since, new Date()) }),
    ...(limit === undefined ? {} : { limit }),
  }
}
