import { parseArgs } from 'node:util'
import { PROOFS, type Proof, SUITES, type Suite } from '../contract/words.ts'
import { Mistake } from './mistake.ts'

/** What is asked of every target; what is left out the service chooses. */
export interface Wanted {
  readonly port?: number
  readonly domain?: string
  readonly suite?: Suite
  readonly proof?: Proof
  readonly vantage?: string
  readonly reference?: string
}

export interface Options {
  /** The address or name to test; null where targets come from a file. */
  readonly target: string | null
  /** A path, or `-` for standard input. */
  readonly file: string | null
  readonly wanted: Wanted
  readonly json: boolean
  /** How many tests at a time. */
  readonly atOnce: number
}

export const HELP = `Usage: relay-test ADDRESS|HOST [options]
       relay-test --file targets.txt [options]

Asks a relay test service whether strangers can send mail through a mail server, and shows the session while it
happens. A HOST, or a mail domain, is looked up by the service; each of its addresses that you may test is tested.

  --domain NAME      the server's own mail domain (default: the customer's first)
  --suite SUITE      ${SUITES.join(' or ')} (default: standard; full is louder)
  --proof PROOF      how far to go: ${PROOFS.join(', ')} (default: as far as the service can)
  --vantage NAME     where to test from (default: the first that is up and can)
  --reference TEXT   your own reference, such as a ticket: kept with the result, never sent to the mail server
  --port PORT        another port than 25, where the service allows it
  --json             the whole result as JSON, one line for each test, and nothing else
  --file FILE        many targets, one a line; - reads standard input. Prints one line of JSON for each,
                     and where a quota is used up waits for its turn (Retry-After), up to two hours for each
  --at-once N        how many of them at a time, 1 to 32 (default: 4)
  --help             this text

A line of a targets file is  ADDRESS [DOMAIN] [REFERENCE]  and # begins a comment:

  203.0.113.25 example.com TICKET-4711
  2001:db8:25::1            # the customer's first domain

Environment:
  RELAY_TESTS_URL    where the service is (default: http://127.0.0.1:3000)
  RELAY_TESTS_KEY    your API key; can be left out where a proxy vouches for you
  NO_COLOR           no colours; there are none for a pipe or a file either

Exit code:
  0  closed          the server relays for no stranger
  1  open            strangers can send mail through it
  2  inconclusive    it cannot be told; the reason is in the answer
  3  error           a test could not be made, or the command was not understood
  130                interrupted by Ctrl-C; the test under way is given up, unless it is one of a file
Of many targets the worst counts: open, then error, then inconclusive.

Examples:
  relay-test 203.0.113.25 --domain example.com
  relay-test mail.example.com --proof recipient
  relay-test 203.0.113.25 --json | jq -r '.verdict, .summary'
  relay-test --file targets.txt | jq -r 'select(.verdict == "open") | .ip'
`

const AT_ONCE = { default: 4, max: 32 } as const

/** Reads the command line; null where help is asked for. Throws Mistake with the first fault. */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parsed(args)
  if (values.help) return null
  const [target = null, ...others] = positionals
  const file = values.file ?? null
  if (others.length > 0) throw new Mistake(`${others[0]}: one target was expected; for many use --file`)
  if (target === null && file === null) throw new Mistake('an address or a host name was expected')
  if (target !== null && file !== null) throw new Mistake('either a target or --file was expected, not both')
  if (target !== null && target.trim() === '') throw new Mistake('an address or a host name was expected')
  const { domain, reference, vantage } = values
  const port = values.port === undefined ? undefined : numberIn('--port', values.port, 65535)
  const suite = wordIn('--suite', values.suite, SUITES)
  const proof = wordIn('--proof', values.proof, PROOFS)
  return {
    target,
    file,
    wanted: {
      ...(port === undefined ? {} : { port }),
      ...(domain === undefined ? {} : { domain }),
      ...(suite === undefined ? {} : { suite }),
      ...(proof === undefined ? {} : { proof }),
      ...(vantage === undefined ? {} : { vantage }),
      ...(reference === undefined ? {} : { reference }),
    },
    json: values.json ?? false,
    atOnce: values['at-once'] === undefined ? AT_ONCE.default : numberIn('--at-once', values['at-once'], AT_ONCE.max),
  }
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        domain: text,
        suite: text,
        proof: text,
        vantage: text,
        reference: text,
        port: text,
        json: flag,
        file: text,
        'at-once': text,
        help: flag,
      },
    })
  } catch (error) {
    // Node explains at length how a positional argument may begin with a dash: the first sentence says what is wrong.
    const [first = ''] = error instanceof Error ? error.message.split(/[.\n]/) : []
    throw new Mistake(first)
  }
}

function numberIn(option: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > max) throw new Mistake(`${option}: 1 to ${max} was expected`)
  return value
}

function wordIn<T extends string>(option: string, text: string | undefined, words: readonly T[]): T | undefined {
  if (text === undefined) return undefined
  const word = words.find((one) => one === text)
  if (word === undefined) throw new Mistake(`${option}: one of ${words.join(', ')} was expected`)
  return word
}
