import { parseArgs } from 'node:util'
import { z } from 'zod'
import { hashKey, makeKey } from '../access/keys.ts'
import { identifier } from '../contract/ids.ts'

const USAGE = `Usage: node dist/cli/key.js --caller ID [--expires YYYY-MM-DD]

Prints a new API key, once, and the entry for callers.yaml that lets it in. The key itself is stored nowhere:
hand it to its owner, and put the entry into the file. A new caller needs all of it, with whose servers it may test;
one that is there already gets only what stands under keys.
`

const options = z.strictObject({
  caller: identifier,
  expires: z.iso
    .date({ error: 'a date such as 2027-06-30 was expected', abort: true })
    .refine((date) => date >= new Date().toISOString().slice(0, 10), 'a date to come was expected')
    .optional(),
})

/** Makes a key and prints it with its entry. */
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
  process.stdout.write(`Key, shown only now:

  ${key}

Entry for callers.yaml:

  # Where ${data.caller} is there already, add only what stands under keys.
  - id: ${data.caller}
    keys:
      - sha256: ${hashKey(key)}${data.expires ? `\n        expires: ${data.expires}` : ''}
    customers: []   # a list of customer ids, or all
`)
  return 0
}

/** The options, or what is wrong with the arguments. */
function readArguments(args: readonly string[]): string | object {
  try {
    return {
      ...parseArgs({ args: [...args], options: { caller: { type: 'string' }, expires: { type: 'string' } } }).values,
    }
  } catch (error) {
    return error instanceof Error ? error.message : 'the arguments cannot be read'
  }
}

process.exitCode = main(process.argv.slice(2))
