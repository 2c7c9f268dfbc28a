import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { ConfigFaults } from './config.ts'
import type { Reloading } from './files/reloading.ts'
import { openAudit } from './service/audit.ts'
import { type Setup, setUp } from './setup.ts'
import { VERSION } from './version.ts'

/** On top of drain and deadline: what closing itself may take. */
const CLOSING_MS = 5_000

/** The process: environment → files → app → listen → graceful close. */
async function main(): Promise<void> {
  const setup = readSetup()
  const { config, customers, callers, vantage } = setup
  const logger = pino({ level: config.LOG_LEVEL, redact: ['req.headers.authorization'] })
  const audit = openAudit(config.AUDIT_FILE ?? null)
  const { app, life } = await buildApp(config, { ...setup, audit, logger })
  const follow = (name: string, file: Reloading<unknown>) =>
    file.watch((error) => {
      if (error === null) logger.info({ file: file.path }, `${name} reloaded`)
      else logger.error({ file: file.path, error }, `${name} not reloaded: the last good version stays in use`)
    })
  follow('customers', customers)
  follow('callers', callers)
  if (vantage) follow('vantages', vantage)
  closeWithGrace({ delay: config.DRAIN_MS + config.TEST_DEADLINE_MS + CLOSING_MS, logger }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'a fault of the program: closing')
    logger.info({ signal, drainMs: config.DRAIN_MS }, 'shutting down')
    life.draining = true
    await sleep(config.DRAIN_MS)
    await app.close()
    logger.info('closed')
  })
  if (config.ALLOW_LOOPBACK_TARGETS) {
    logger.warn('ALLOW_LOOPBACK_TARGETS is on: loopback may be tested. Never use this outside of a trial.')
  }
  if (!vantage) logger.warn('VANTAGES_FILE is not set: EHLO gives an address literal, which many servers refuse')
  const url = await app.listen({ host: config.HOST, port: config.PORT, listenTextResolver: () => 'listening' })
  const loaded = { customers: customers.current.all.size, callers: callers.current.all.length }
  logger.info({ url, version: VERSION, ...loaded }, 'ready')
}

function readSetup(): Setup {
  try {
    return setUp(process.env)
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    process.stderr.write(`The service does not start; its configuration has faults:\n${listed(error)}`)
    process.exit(1)
  }
}

const listed = ({ faults }: ConfigFaults): string => faults.map((fault) => `  ${fault}\n`).join('')

await main()
