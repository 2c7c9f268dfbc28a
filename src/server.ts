import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { buildApp } from './app.ts'
import { type Config, ConfigFaults } from './config.ts'
import type { Reloading } from './files/reloading.ts'
import { type Metrics, serveMetrics } from './http/metrics.ts'
import { type Mailbox, startMailbox } from './mailbox/listener.ts'
import { openAuditFile } from './service/audit-file.ts'
import { Deliveries } from './service/deliveries.ts'
import { type Setup, setUp, warningsOf } from './setup.ts'
import { redisStores } from './store/redis/stores.ts'
import { memoryStores } from './store/stores.ts'
import { VERSION } from './version.ts'

/** On top of drain and deadline: what closing itself may take. */
const CLOSING_MS = 5_000

/** The process: environment → files → app → listen → graceful close. */
async function main(): Promise<void> {
  const setup = readSetup()
  const { config, customers, callers, vantages } = setup
  const logger = pino({
    level: config.LOG_LEVEL,
    timestamp: stdTimeFunctions.isoTime,
    redact: ['req.headers.authorization'],
  })
  const audit = openAuditFile(config.AUDIT_FILE ?? null)
  const resultTtlMs = config.RESULT_TTL_SECONDS * 1000
  const stores = config.REDIS_URL ? redisStores(config.REDIS_URL, resultTtlMs, logger) : memoryStores(resultTtlMs)
  const deliveries = config.MAILBOX_LISTEN ? new Deliveries(stores.signals) : null
  const parts = { ...setup, audit, stores, deliveries, logger }
  const { app, shutdown, relayTests, metrics, selfCheck } = await buildApp(config, parts)
  const mailbox = deliveries && (await openMailbox(config, deliveries, metrics, logger))
  const warn = () => {
    for (const warning of warningsOf(setup)) logger.warn(warning)
  }
  const counts = () => ({ customers: customers.current.all.size, callers: callers.current.all.length })
  const follow = (name: string, file: Reloading<unknown>) =>
    file.watch((error) => {
      if (error !== null) {
        logger.error({ file: file.path, error }, `${name} not reloaded: the last good version stays in use`)
        return
      }
      logger.info({ file: file.path, ...counts() }, `${name} reloaded`)
      if (!customers.current.testing) relayTests.stopAll()
      if (file === vantages) void selfCheck.look()
      warn()
    })
  follow('customers', customers)
  follow('callers', callers)
  if (vantages) follow('vantages', vantages)
  selfCheck.begin()
  // What other servers reload at is no reason to end.
  process.on('SIGHUP', () => logger.info('SIGHUP changes nothing: files are followed as they change'))
  const delay = config.DRAIN_MS + config.TEST_DEADLINE_MS + CLOSING_MS
  closeWithGrace({ delay, logger, skip: ['SIGHUP'] }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'a fault of the program: closing')
    logger.info({ signal, drainMs: config.DRAIN_MS }, 'shutting down')
    shutdown.draining = true
    await sleep(config.DRAIN_MS)
    await app.close()
    await mailbox?.close()
    metricsServer.close()
    await stores.close()
    logger.info('closed')
  })
  if (config.ALLOW_LOOPBACK_TARGETS) {
    logger.warn('ALLOW_LOOPBACK_TARGETS is on: loopback may be tested. Never use this outside of a trial.')
  }
  warn()
  const metricsServer = await serveMetrics(metrics, config.HOST, config.METRICS_PORT).catch(
    cannotListen('HOST, METRICS_PORT'),
  )
  const url = await app
    .listen({ host: config.HOST, port: config.PORT, listenTextResolver: () => 'listening' })
    .catch(cannotListen('HOST, PORT'))
  logger.info({ url, metricsUrl: urlOf(metricsServer), version: VERSION, ...counts() }, 'ready')
}

/** The receiving side, where the configuration names an address for it. */
function openMailbox(config: Config, deliveries: Deliveries, metrics: Metrics, log: Logger): Promise<Mailbox> {
  const { MAILBOX_LISTEN = '', MAILBOX_DOMAIN: domain, CONTACT: contact } = config
  const colon = MAILBOX_LISTEN.lastIndexOf(':')
  return startMailbox({
    host: MAILBOX_LISTEN.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(MAILBOX_LISTEN.slice(colon + 1)),
    domain,
    contact,
    knows: (token) => deliveries.knows(token),
    arrived: (arrival) => {
      metrics.arrived(arrival.kind)
      return deliveries.arrived(arrival)
    },
    log,
  }).catch(cannotListen('MAILBOX_LISTEN'))
}

function urlOf(server: Server): string {
  const at = server.address()
  if (at === null || typeof at === 'string') throw new Error('a server that listens has an address')
  return `http://${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}/metrics`
}

/** The address is taken, or none of ours: a matter of configuration, found out only now. */
const cannotListen =
  (names: string) =>
  (error: NodeJS.ErrnoException): never => {
    process.stderr.write(`${names}: cannot listen (${error.message})\n`)
    process.exit(1)
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
