/** The command check.js: tells operators what is wrong with environment and files before they start the service. */
import { parseArgs } from 'node:util'
import { ConfigFaults } from '../config.ts'
import { makeAddressLookup } from '../service/lookup.ts'
import { type Setup, setUp, warningsOf } from '../setup.ts'
import { ownAddresses } from '../vantage/interfaces.ts'
import { ping } from '../webhooks/ping.ts'
import { faultIn } from './arguments.ts'
import { liveChecks } from './live/live.ts'
import { renderRow } from './live/row.ts'

const USAGE = `Usage: node dist/cli/check.js [--live] [--webhook CALLER]

Checks the environment variables and the files that they name, as the service does at its start. Starts nothing.
With --live, it also looks at what files cannot say: DNS names, PTR and SPF records, the mailbox, our zone, proxies and
Redis. It prints a line for each, with OK, WARN or FAIL, and what to do. Run it where the tests come from, while the
service runs.
With --webhook, it also sends an event of the type ping to the webhook of a caller, and says what came back.
Each file must end in a line with three dots (...), and at least one customers file must have testing and neverTest: a
file without them may have lost its end, and with it an address that must not be tested.
Exit code: 0 if everything is right, 1 if there are mistakes, a live check failed, or the webhook did not take the ping.
Each mistake is listed with file, line and reason.
`

/** Checks configuration and files, and returns the exit code. */
async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2))
  if (options === 'help') {
    process.stdout.write(USAGE)
    return 0
  }
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${USAGE}`)
    return 1
  }
  try {
    const setup = await setUp(process.env)
    const { customers, callers, vantages } = setup
    for (const warning of warningsOf(setup)) process.stdout.write(`warning: ${warning}\n`)
    const names = vantages?.current.map(({ name }) => name) ?? []
    const from =
      names.length > 0
        ? `from ${names.length > 1 ? 'vantages' : 'vantage'} ${names.join(', ')}`
        : 'without a vantages file'
    const testing = customers.current.testing ? '' : '; testing is switched off'
    process.stdout.write(
      `ok: ${customers.current.all.size} customers, ${callers.current.all.length} callers, ${from}${testing}\n`,
    )
    const codes = [
      options.live ? await checkLive(setup) : 0,
      options.webhook === null ? 0 : await checkWebhook(options.webhook, setup),
    ]
    return Math.max(...codes)
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    process.stderr.write(error.faults.map((fault) => `${fault}\n`).join(''))
    return 1
  }
}

/** Reads the command line. Returns `help`, or another text that says what is wrong with it. */
function optionsOf(args: readonly string[]): { live: boolean; webhook: string | null } | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        live: { type: 'boolean', default: false },
        webhook: { type: 'string' },
      },
    })
    return values.help ? 'help' : { live: values.live, webhook: values.webhook ?? null }
  } catch (error) {
    return faultIn(error)
  }
}

/** Looks at names, mailbox, proxies and Redis, prints what it finds, and returns the exit code. */
async function checkLive(setup: Setup): Promise<number> {
  const rows = await liveChecks(setup)
  process.stdout.write(rows.map(renderRow).join(''))
  const [failed, warned] = ['FAIL', 'WARN'].map((outcome) => rows.filter((row) => row.outcome === outcome).length)
  process.stdout.write(`live: ${rows.length} checks, ${failed} failed, ${warned} with a warning\n`)
  return failed === 0 ? 0 : 1
}

/** Sends a ping to the webhook of a caller, and returns the exit code. */
async function checkWebhook(callerId: string, { config, callers }: Setup): Promise<number> {
  const caller = callers.current.named(callerId)
  if (!caller?.webhook) {
    process.stderr.write(caller ? `caller ${callerId} has no webhook\n` : `there is no caller ${callerId}\n`)
    return 1
  }
  const { taken, says } = await ping(caller.webhook, {
    allowLoopback: config.ALLOW_LOOPBACK_TARGETS,
    translations: config.NAT64_PREFIXES ?? [],
    own: ownAddresses,
    addressesOf: makeAddressLookup(config.DNS_SERVERS),
  })
  const out = taken ? process.stdout : process.stderr
  out.write(`${says}\n`)
  return taken ? 0 : 1
}

process.exitCode = await main()
