/**
 * Writes the OpenAPI document from the contract and the routes, and the table of errors in docs/partners.md from the
 * catalogue, so that neither can differ from the code. With --check it only compares them, for CI.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { z } from 'zod'
import { buildApp } from '../src/app.ts'
import { PROBLEM_HELP } from '../src/contract/problem-help.ts'
import { describeApi } from '../src/http/openapi.ts'
import { memoryQueue } from '../src/queue/memory.ts'
import { Queues } from '../src/queue/queues.ts'
import { setUp } from '../src/setup.ts'
import { memoryStores } from '../src/store/stores.ts'

const USAGE = `Usage: npm run openapi [-- --check]

Writes openapi/openapi.json from the contract and the routes, checks it with a linter, and writes the table of errors in
docs/partners.md. With --check it writes nothing, and fails if a file differs from what it would write.
`

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const DOCUMENT = 'openapi/openapi.json'
const PARTNERS = 'docs/partners.md'

/** Returns the document of a service with the example files. No part of the document depends on the configuration. */
async function generate(): Promise<Record<string, unknown>> {
  const setup = await setUp({
    CUSTOMERS_FILE: pathOf('examples/customers.yaml'),
    CALLERS_FILE: pathOf('examples/callers.yaml'),
    MAILBOX_DOMAIN: 'relaytest.isp.example',
    ALLOW_LOOPBACK_TARGETS: 'true',
  })
  const { app } = await buildApp(setup.config, {
    ...setup,
    audit: async () => {},
    stores: memoryStores(1),
    queues: new Queues(memoryQueue),
    output: { dropped: 0 },
    logger: pino({ level: 'silent' }),
  })
  const document = describeApi(app)
  await app.close()
  return document
}

/** The table of errors stands between these lines of the document for partners. */
const ERRORS = /(<!-- The next table is written by `npm run openapi`. -->\n\n).*?(\n<!-- -->)/s

/** Returns the document for partners with the table of errors as the catalogue has it. */
function withErrors(document: string): string {
  const rows = [...PROBLEM_HELP].map(
    ([slug, { status, fix, again }]) => `| \`${slug}\` | ${status} | ${fix} | ${again} |\n`,
  )
  const head = '| slug | status | what to do | same request again |\n| --- | --- | --- | --- |\n'
  return document.replace(ERRORS, (_all, before, after) => `${before}${head}${rows.join('')}${after}`)
}

const lintReport = z.object({
  totals: z.object({ errors: z.number(), warnings: z.number() }),
  problems: z.array(z.unknown()),
})

/** Checks the document by Redocly's recommended rules. Returns its problems, warnings included. */
function lint(): readonly unknown[] {
  const options = ['lint', pathOf(DOCUMENT), '--extends=recommended', '--format=json']
  const { stdout } = spawnSync(pathOf('node_modules/.bin/redocly'), options, {
    encoding: 'utf8',
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  })
  return lintReport.parse(JSON.parse(stdout)).problems
}

async function main(): Promise<number> {
  const [option, ...more] = process.argv.slice(2)
  if ((option !== undefined && option !== '--check') || more.length > 0) {
    process.stderr.write(USAGE)
    return 1
  }
  const document = await generate()
  const files = {
    [DOCUMENT]: `${JSON.stringify(document, null, 2)}\n`,
    [PARTNERS]: withErrors(readFileSync(pathOf(PARTNERS), 'utf8')),
  }
  for (const [name, text] of Object.entries(files)) {
    const file = pathOf(name)
    if (option === undefined) writeFileSync(file, text)
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
      process.stderr.write(`${name} differs from the contract: run \`npm run openapi\` and commit the result\n`)
      return 1
    }
  }
  const problems = lint()
  if (problems.length > 0) {
    process.stderr.write(`${JSON.stringify(problems, null, 2)}\n`)
    return 1
  }
  const names = Object.keys(files).join(' and ')
  process.stdout.write(`${names} ${option ? 'are up to date' : 'written'}, no warnings\n`)
  return 0
}

process.exitCode = await main()
