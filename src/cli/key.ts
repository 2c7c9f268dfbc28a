/** The command key.js: makes an API key, and prints it with the entry that operators put into callers.yaml. */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { hashKey, makeKey } from '../access/keys.ts'
import { identifier } from '../contract/ids.ts'
import { faultIn } from './arguments.ts'

const USAGE = `Usage: node dist/cli/key.js --caller ID [--expires YYYY-MM-DD]

Prints a new API key and its entry for callers.yaml. The key is stored nowhere and shown only this time: give it to
its owner. For a new caller, put the whole entry into the file and list the customers that it may test. For a caller
that is already in the file, add only the lines below "keys". The three dots must stay the last line of the file.
`

const options = z.strictObject({
  caller: z.string({ error: 'is missing: enter the id of the caller' }).pipe(identifier),
  expires: z.iso
    .date({ error: 'must be a date, for example 2027-06-30', abort: true })
    .refine((date) => date >= new Date().toISOString().slice(0, 10), 'must be today or later')
    .optional(),
})

/** Prints a key with its entry, and returns the exit code. */
function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    process.stdout.write(USAGE)
    return 0
  }
  const read = readArguments(args)
  const { data, error } = options.safeParse(read)
  if (!data) {
    const reasons =
      typeof read === 'string' ? [read] : error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`)
    process.stderr.write(`${reasons.join('\n')}\n\n${USAGE}`)
    return 1
  }
  const key = makeKey()
  process.stdout.write(`Key, shown only this time:

  ${key}

Entry for callers.yaml:

  # If ${data.caller} is already in the file, add only the lines below keys.
  - id: ${data.caller}
    keys:
      - sha256: ${hashKey(key)}${data.expires ? `\n        expires: ${data.expires}` : ''}
    customers: []   # a list of customer ids, or all
`)
  return 0
}

/** Returns the options, or a text that says what is wrong with the arguments. */
function readArguments(args: readonly string[]): string | object {
  try {
    return {
      ...parseArgs({ args: [...args], options: { caller: { type: 'string' }, expires: { type: 'string' } } }).values,
    }
  } catch (error) {
    return faultIn(error)
  }
}

process.exitCode = main(process.argv.slice(2))
