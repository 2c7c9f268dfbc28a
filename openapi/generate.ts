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

Writes openapi/openapi.json from the contract and the routes, and lints it, and from it docs/api.html, the reference to read.
With --check nothing is written: the command fails where a file differs from what it would write.
`

const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
const DOCUMENT = 'openapi/openapi.json'

/** The document of a service with the example files: no part of it depends on configuration. */
async function generate(): Promise<Record<string, unknown>> {
  const setup = setUp({
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

/** Redocly's recommended rules, where a warning is a failure. Returns what they object to. */
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
      process.stderr.write(`${name} is not what the contract says: run \`npm run openapi\` and commit it\n`)
      return 1
    }
  }
  const objections = lint()
  if (objections.length > 0) {
    process.stderr.write(`${JSON.stringify(objections, null, 2)}\n`)
    return 1
  }
  const names = Object.keys(files).join(' and ')
  process.stdout.write(`${names} ${option ? 'are up to date' : 'written'}, no warnings\n`)
  return 0
}

process.exitCode = await main()
