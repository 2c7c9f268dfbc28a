/**
 * Writes the OpenAPI document from the contract and the routes, and the reference page from the document, so that
 * neither can differ from the code. With --check it only compares them, for CI.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { z } from 'zod'
import { buildApp } from '../src/app.ts'
import { describeApi } from '../src/http/openapi.ts'
import { setUp } from '../src/setup.ts'
import { memoryStores } from '../src/store/stores.ts'
import { referencePage } from './reference.ts'

const USAGE = `Usage: npm run openapi [-- --check]

Writes openapi/openapi.json from the contract and the routes, checks it with a linter, and writes docs/api.html, the reference
to read, from it. With --check it writes nothing, and fails if a file differs from what it would write.
`

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const DOCUMENT = 'openapi/openapi.json'

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
    deliveries: null,
    output: { dropped: 0 },
    logger: pino({ level: 'silent' }),
  })
  const document = describeApi(app)
  await app.close()
  return document
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
  const files = { [DOCUMENT]: `${JSON.stringify(document, null, 2)}\n`, 'docs/api.html': referencePage(document) }
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
