import { parseArgs } from 'node:util'
import { hashKey, makeKey } from '../access/keys.ts'

const USAGE = `Usage: node dist/cli/key.js --caller ID [--expires YYYY-MM-DD]

Prints a new API key, once, and the entry for callers.yaml that lets it in. The key itself is stored nowhere:
hand it to its owner, and put the entry into the file. Without an entry of its own the caller is new: add whose
servers it may test.
`

/** Makes a key and prints it with its entry. */
function main(): number {
  const { caller, expires } = readArguments()
  if (caller === undefined || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(caller)) {
    process.stderr.write(USAGE)
    return 1
  }
  const key = makeKey()
  process.stdout.write(`Key, shown only now:

  ${key}

Entry for callers.yaml:

  - id: ${caller}
    keys:
      - sha256: ${hashKey(key)}${expires ? `\n        expires: ${expires}` : ''}
    customers: []   # a list of customer ids, or all
`)
  return 0
}

function readArguments(): { caller?: string | undefined; expires?: string | undefined } {
  try {
    return parseArgs({ options: { caller: { type: 'string' }, expires: { type: 'string' } } }).values
  } catch {
    return {}
  }
}

process.exitCode = main()
