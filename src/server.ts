/**
 * Starts the service: reads environment and files, opens stores, builds the app, opens ports. A signal closes what is
 * open, last opened first.
 */
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import { type Logger, pino, stdTimeFunctions } from 'pino'
import { buildApp } from './app.ts'
import { type Config, ConfigFaults } from './config.ts'
import { type Metrics, serveMetrics } from './http/metrics.ts'
import { hostText } from './ip/address.ts'
import { type MailboxListener, startMailbox } from './mailbox/listener.ts'
import { divideOpenFiles, openFilesLimit } from './open-files.ts'
import { openerFor, Queues } from './queue/queues.ts'
import { renderLogLine } from './render/log-line.ts'
import { openAuditFile } from './service/audit-file.ts'
import type { Deliveries } from './service/deliveries.ts'
import { atOnce } from './service/follow-up-plan.ts'
import { leaseMsFor } from './service/lease.ts'
import { makeLookup } from './service/lookup.ts'
import { StandardOutput } from './service/standard-output.ts'
import { type Setup, setUp, warningsOf } from './setup.ts'
import { redisStores } from './store/redis/stores.ts'
import { memoryStores } from './store/stores.ts'
import { VERSION } from './version.ts'
import { answerTo } from './zone/answers.ts'
import { MailboxHost } from './zone/mailbox-host.ts'
import { type NameServer, startNameServer } from './zone/name-server.ts'
import { readName, type Zone } from './zone/names.ts'

/** The time for closing ports and stores, in milliseconds, in addition to the drain and the deadline of a test. */
const CLOSING_MS = 5_000
/** How long the end of the process waits for the reader of its log, in milliseconds. */
const LAST_LINES_MS = 1_000

async function main(): Promise<void> {
  const setup = await readSetup()
  const { config } = setup
  const output = openOutput(config)
  const logger = pino(
    { level: config.LOG_LEVEL, timestamp: stdTimeFunctions.isoTime, redact: ['req.headers.authorization'] },
    output,
  )
  output.onDropped = (lines) => logger.warn({ lines }, 'the reader of the log was too slow: lines were dropped')
  const opened = new Opened(logger, output)
  closeOnSignal(config, logger, opened, output)

  const audit = openAuditFile(config.AUDIT_FILE ?? output)
  const resultTtlMs = config.RESULT_TTL_SECONDS * 1000
  const lifetimes = { resultTtlMs, leaseMs: leaseMsFor(config.TEST_DEADLINE_MS) }
  const stores = config.REDIS_URL ? redisStores(config.REDIS_URL, lifetimes, logger) : memoryStores(resultTtlMs)
  opened.add(() => stores.close())
  const queues = new Queues(await openerFor(config.REDIS_URL ?? null))
  opened.add(() => queues.close())

  const built = await buildApp(config, { ...setup, audit, stores, queues, logger, output })
  const { app, shutdown, metrics, deliveries } = built
  built.selfCheck.begin()
  followFiles(setup, built, logger)
  if (config.ALLOW_LOOPBACK_TARGETS) {
    logger.warn('ALLOW_LOOPBACK_TARGETS is on: loopback may be tested. Never use this outside of a trial.')
  }
  logWarnings(setup, logger)
  warnOfOpenFiles(config, logger)

  if (deliveries) {
    const mailbox = await opened.port('MAILBOX_LISTEN', openMailbox(config, deliveries, metrics, logger))
    // While closed, this mailbox refused mail for tests of other replicas. So we note trouble when it opens and closes.
    deliveries.trouble.note()
    opened.add(() => {
      deliveries.trouble.note()
      return mailbox.close()
    })
  }

  const zone = zoneOf(config)
  if (zone) {
    const nameServer = await opened.port('DNS_LISTEN', openNameServer(zone, config, logger))
    opened.add(() => nameServer.close())
  }

  // Without this, the first callers of a new installation would get a 503.
  await stores.server?.usable()
  const metricsPort = await opened.port('HOST, METRICS_PORT', serveMetrics(metrics, config.HOST, config.METRICS_PORT))
  opened.add(() => metricsPort.close())

  const listening = app.listen({ host: config.HOST, port: config.PORT, listenTextResolver: () => 'listening' })
  const url = await opened.port('HOST, PORT', listening)
  opened.add(async () => {
    shutdown.draining = true
    // Follow-ups end while the API still answers, so that callers can read that theirs are lost.
    await Promise.all([built.relayTests.endFollowUps(), sleep(config.DRAIN_MS)])
    await app.close()
  })

  built.relayTests.beginFollowUps()
  built.relayTests.startWaiting()
  built.relayTests.beginStops()
  built.sweeps.work()
  built.schedules.work()
  logger.info({ url, metricsUrl: urlOf(metricsPort.address()), version: VERSION, ...countsOf(setup) }, 'ready')
}

type Built = Awaited<ReturnType<typeof buildApp>>

/** The advice for a port that cannot be opened, by the code of the error. */
const PORT_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    ': another process has this port. If it is an earlier process of this service, it is finishing its tests: wait until it has ended',
  EADDRNOTAVAIL: ': this machine does not have this address',
  EACCES: ': this user may not open this port',
}

/** The open parts of the process, and how to close them. */
class Opened {
  readonly #closers: (() => unknown)[] = []
  readonly #logger: Logger
  readonly #output: StandardOutput
  #closing = false

  constructor(logger: Logger, output: StandardOutput) {
    this.#logger = logger
    this.#output = output
  }

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Waits for a port to open. If it cannot, ends the process. If the process is closing already, never returns. */
  async port<T>(setting: string, opening: Promise<T>): Promise<T> {
    const port = await opening.catch(async (error: NodeJS.ErrnoException) => {
      if (this.#closing) return NEVER
      const advice = PORT_ADVICE[error.code ?? ''] ?? ''
      this.#logger.fatal({ setting, error: error.message }, `${setting}: cannot listen${advice}`)
      await this.#output.finish(LAST_LINES_MS)
      process.exit(1)
    })
    return this.#closing ? NEVER : port
  }

  /** Closes everything, the last opened first. */
  async close(): Promise<void> {
    this.#closing = true
    for (const close of this.#closers.reverse()) await close()
  }
}

const NEVER = new Promise<never>(() => {})

function closeOnSignal(config: Config, logger: Logger, opened: Opened, output: StandardOutput): void {
  // Operators send SIGHUP to make a server reload. It must not end this process.
  process.on('SIGHUP', () => logger.info('SIGHUP changes nothing: the files are reloaded when they change'))
  const delay = config.DRAIN_MS + config.TEST_DEADLINE_MS + CLOSING_MS
  closeWithGrace({ delay, logger, skip: ['SIGHUP'] }, async ({ signal, err }) => {
    if (err) logger.fatal({ err }, 'a fault of the program: closing')
    logger.info({ signal, drainMs: config.DRAIN_MS }, 'shutting down')
    await opened.close()
    logger.info('closed')
    await output.finish(LAST_LINES_MS)
  })
}

/** Opens standard output, for JSON or for people. */
function openOutput({ LOG_FORMAT }: Config): StandardOutput {
  const isTerminal = process.stdout.isTTY === true
  if (LOG_FORMAT === 'json' || (LOG_FORMAT === 'auto' && !isTerminal)) return new StandardOutput()
  const coloured = isTerminal && process.env.NO_COLOR === undefined
  return new StandardOutput(undefined, (line) => renderLogLine(line, coloured))
}

/** Returns the zone that this service answers for; null if there is none. */
const zoneOf = ({ MX_ZONE: name, MAILBOX_KEY: key }: Config): Zone | null => (name === undefined ? null : { name, key })

/** Starts the name server of the zone. Its names lead to the host of the mailbox, which is looked up now and then. */
async function openNameServer(zone: Zone, config: Config, log: Logger): Promise<NameServer> {
  const { DNS_LISTEN, DNS_SERVERS, MAILBOX_DOMAIN: mailboxDomain } = config
  if (!DNS_LISTEN) throw new Error('MX_ZONE is set without DNS_LISTEN')
  const lookUp = makeLookup(DNS_SERVERS)
  const mailboxHost = new MailboxHost({
    lookUp: async () => {
      const { hosts, unanswered } = await lookUp(mailboxDomain)
      return unanswered.some(({ type }) => type === 'MX') ? null : hosts.map(({ name }) => name)
    },
    domain: mailboxDomain,
    log,
  })
  const served = () => ({ zone, mailboxHost: mailboxHost.current, mailboxDomain })
  const answer = (message: Buffer, over: 'udp' | 'tcp') => answerTo(message, served(), over, new Date())
  const nameServer = await startNameServer({ ...DNS_LISTEN, answer, log })
  void mailboxHost.begin()
  return {
    ...nameServer,
    async close() {
      mailboxHost.stop()
      await nameServer.close()
    },
  }
}

/** Starts the mailbox, and passes its mail to the deliveries. */
function openMailbox(config: Config, deliveries: Deliveries, metrics: Metrics, log: Logger): Promise<MailboxListener> {
  const { MAILBOX_LISTEN, MAILBOX_DOMAIN, CONTACT } = config
  const zone = zoneOf(config)
  if (!MAILBOX_LISTEN) throw new Error('without MAILBOX_LISTEN there are no deliveries')
  return startMailbox({
    ...MAILBOX_LISTEN,
    domain: MAILBOX_DOMAIN,
    contact: CONTACT,
    knows: (token) => deliveries.knows(token),
    mayHaveForgotten: () => deliveries.mayHaveForgotten(),
    ...(zone && { isSteered: (domain: string) => readName(zone, domain, new Date()) !== null }),
    arrived: async (arrival) => metrics.arrived((await deliveries.arrived(arrival)) ? arrival.kind : 'ignored'),
    ignored: () => metrics.arrived('ignored'),
    troubled: () => {
      deliveries.trouble.note()
      metrics.mailboxTroubled()
    },
    turnedAway: (why, tokens) => {
      deliveries.turnedAway(tokens)
      metrics.mailboxTurnedAway(why)
    },
    log,
  })
}

/** Reloads the files when they change, and applies what must not wait for the next test. */
function followFiles(setup: Setup, { relayTests, selfCheck, webhooks, ...built }: Built, logger: Logger): void {
  const { customers, callers, vantages, schedules } = setup
  for (const [name, file] of Object.entries({ customers, callers, vantages, sweeps: schedules })) {
    file?.watch((error) => {
      if (error !== null) {
        logger.error({ file: file.path, error }, `${name} not reloaded: the last good version stays in use`)
        return
      }
      logger.info({ file: file.path, ...countsOf(setup) }, `${name} reloaded`)
      relayTests.stopForbidden()
      webhooks.follow()
      if (file === vantages) void selfCheck.look()
      if (file === schedules) void built.schedules.follow()
      logWarnings(setup, logger)
    })
  }
}

const countsOf = ({ customers, callers }: Setup) => ({
  customers: customers.current.all.size,
  callers: callers.current.all.length,
})

function logWarnings(setup: Setup, logger: Logger): void {
  for (const warning of warningsOf(setup)) logger.warn(warning)
}

function warnOfOpenFiles(config: Config, logger: Logger): void {
  const { MAX_CONCURRENT_TESTS, MAILBOX_LISTEN, MX_ZONE } = config
  const tests = atOnce(MAX_CONCURRENT_TESTS)
  const { limit, needed, http } = divideOpenFiles(
    openFilesLimit(),
    tests,
    MAILBOX_LISTEN !== undefined,
    MX_ZONE !== undefined,
  )
  if (needed <= limit) return
  const message = 'the limit of open files is too low for MAX_CONCURRENT_TESTS: tests may fail. Raise ulimit -n'
  logger.warn({ limit, needed, httpConnections: http }, message)
}

function urlOf(at: AddressInfo | string | null): string {
  if (at === null || typeof at === 'string') throw new Error('a listening server has an address')
  return `http://${hostText({ family: at.family === 'IPv6' ? 6 : 4, text: at.address })}:${at.port}/metrics`
}

async function readSetup(): Promise<Setup> {
  try {
    return await setUp(process.env)
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error
    const lines = error.faults.map((fault) => `  ${fault}\n`).join('')
    process.stderr.write(`The service does not start; its configuration has faults:\n${lines}`)
    process.exit(1)
  }
}

await main()
