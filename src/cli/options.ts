/** The command line of `relay-test`: its help, and its options read and checked. */
import { parseArgs } from 'node:util'
import { PROOFS, type Proof, SUITES, type Suite } from '../contract/words.ts'
import { Mistake } from './mistake.ts'

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

export interface Options {
  /** The address or name to test; null if the targets come from a file. */
  readonly target: string | null
  /** A path, or `-` for standard input. */
  readonly file: string | null
  readonly test: TestOptions
  readonly json: boolean
  /** The number of tests at the same time. */
  readonly atOnce: number
}

export const HELP = `Usage: relay-test ADDRESS|HOST [options]
       relay-test --file targets.txt [options]

Asks a relay test service whether strangers can send mail through a mail server, and shows the session while it
happens. HOST is a host name or a mail domain: the service looks it up, and tests each address that you may test.

  --domain NAME      the server's own mail domain (default: the customer's first domain)
  --known-mailbox MAILBOX
                     a mailbox that exists at the server. With it, the test understands refusals in any words
                     (default: the customer's first mailbox at the mail domain)
  --suite SUITE      ${SUITES.join(' or ')} (default: standard; full asks the server much more)
  --proof PROOF      how far to go: ${PROOFS.join(', ')} (default: as far as the service can)
  --vantage NAME     where to test from (default: the first vantage that is up and fits)
  --reference TEXT   your own reference, for example a ticket: kept with the result, never sent to the mail server
  --port PORT        a port other than 25, if the service allows it
  --json             print only the whole result as JSON, one line for each test
  --file FILE        test many targets, one on each line of the file; - reads standard input. Prints one line of
                     JSON for each. If a quota is used up, waits as Retry-After says, up to two hours for each
  --at-once N        the number of tests at the same time with --file, 1 to 32 (default: 4)
  --help             print this text

Lines of a targets file are  ADDRESS [DOMAIN] [REFERENCE]  and # begins a comment. A known mailbox can replace DOMAIN:

  203.0.113.25 example.com TICKET-4711
  203.0.113.26 jane@example.com
  2001:db8:25::1            # the customer's first domain

Environment:
  RELAY_TESTS_URL    where the service is (default: http://127.0.0.1:3000)
  RELAY_TESTS_KEY    your API key; not needed if a proxy logs you in
  NO_COLOR           if set, no colours; a pipe or a file never gets colours

Exit code:
  0  closed          strangers cannot send mail through the server
  1  open            strangers can send mail through it
  2  inconclusive    the test found no answer; the output gives the reason
  3  error           the test could not be made, or the command has a mistake
  130                stopped by Ctrl-C; this also stops the running test, except with --file
With many targets, the exit code is that of the worst: open, then error, then inconclusive.

Examples:
  relay-test 203.0.113.25 --domain example.com
  relay-test 203.0.113.25 --known-mailbox jane@example.com
  relay-test mail.example.com --proof recipient
  relay-test 203.0.113.25 --json | jq -r '.verdict, .summary'
  relay-test --file targets.txt | jq -r 'select(.verdict == "open") | .ip'
`

const AT_ONCE = { default: 4, max: 32 } as const
const NO_TARGET = 'enter an IP address or a host name, for example 203.0.113.25'

/** Reads the command line. Returns null if it asks for help. Throws Mistake with the first fault. */
export function readOptions(args: readonly string[]): Options | null {
  const { values, positionals } = parsed(args)
  if (values.help) return null
  const [target = null, ...others] = positionals
  const file = values.file ?? null
  if (others.length > 0) throw new Mistake(`${others[0]}: only one target is allowed; to test many, use --file`)
  if (target === null && file === null) throw new Mistake(NO_TARGET)
  if (target !== null && file !== null) throw new Mistake('use a target or --file, not both')
  if (target !== null && target.trim() === '') throw new Mistake(NO_TARGET)
  const { domain, reference, vantage, 'known-mailbox': knownMailbox } = values
  const port = values.port === undefined ? undefined : numberIn('--port', values.port, 65535)
  const suite = wordIn('--suite', values.suite, SUITES)
  const proof = wordIn('--proof', values.proof, PROOFS)
  return {
    target,
    file,
    test: {
      ...(port === undefined ? {} : { port }),
      ...(domain === undefined ? {} : { domain }),
      ...(knownMailbox === undefined ? {} : { knownMailbox }),
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
        'known-mailbox': text,
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
    // Keeps Node's first sentence, which names the fault. More sentences explain dashes in arguments.
    const [first = ''] = error instanceof Error ? error.message.split(/[.\n]/) : []
    throw new Mistake(first)
  }
}

function numberIn(option: string, text: string, max: number): number {
  const value = Number(text)
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > max)
    throw new Mistake(`${option}: enter a whole number from 1 to ${max}`)
  return value
}

function wordIn<T extends string>(option: string, text: string | undefined, words: readonly T[]): T | undefined {
  if (text === undefined) return undefined
  const word = words.find((one) => one === text)
  if (word === undefined) throw new Mistake(`${option}: choose one of ${words.join(', ')}`)
  return word
}
