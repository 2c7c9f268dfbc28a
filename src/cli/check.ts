/** The command check.js: tells operators what is wrong with environment and files before they start the service. */
import { ConfigFaults } from '../config.ts'
import { setUp, warningsOf } from '../setup.ts'

const USAGE = `Usage: node dist/cli/check.js

Checks the environment variables and the files that they name, as the service does at its start. Starts nothing.
Each file must end in a line with three dots (...), and at least one customers file must have testing and neverTest: a
file without them may have lost its end, and with it an address that must not be tested.
Exit code: 0 if everything is right, 1 if there are mistakes. Each mistake is listed with file, line and reason.
`

/** Checks configuration and files, and returns the exit code. */
async function main(): Promise<number> {
  if (process.argv.length > 2) {
    const help = process.argv[2] === '--help'
    const out = help ? process.stdout : process.stderr
    out.write(USAGE)
    return help ? 0 : 1
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
    return 0
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    process.stderr.write(error.faults.map((fault) => `${fault}\n`).join(''))
    return 1
  }
}

process.exitCode = await main()
