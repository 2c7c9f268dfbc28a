/** Builds all parts of the service and connects them. Read this file first to see what the service consists of. */
import accepts from '@fastify/accepts'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Callers } from './access/callers.ts'
import type { Customers } from './access/customer.ts'
import type { Config } from './config.ts'
import type { Reloading } from './files/reloading.ts'
import { registerAuth } from './http/auth.ts'
import { registerClientErrors } from './http/client-errors.ts'
import { Connections } from './http/connections.ts'
import { makeFastify } from './http/fastify.ts'
import { registerFormats } from './http/formats.ts'
import { watchMethods } from './http/method-not-allowed.ts'
import { type Metrics, makeMetrics } from './http/metrics.ts'
import { registerOpenapi } from './http/openapi.ts'
import { registerProblems } from './http/problems.ts'
import { registerQuotas } from './http/quotas.ts'
import { Refusals } from './http/refusals.ts'
import { registerAddresses } from './http/routes/addresses.ts'
import { registerConsole } from './http/routes/console.ts'
import { registerCreateRelayTest } from './http/routes/create-relay-test.ts'
import { registerCustomers } from './http/routes/customers.ts'
import { registerHealth } from './http/routes/health.ts'
import { registerLimits } from './http/routes/limits.ts'
import { registerListRelayTests } from './http/routes/list-relay-tests.ts'
import { registerReadRelayTest } from './http/routes/read-relay-test.ts'
import { registerVantages } from './http/routes/vantages.ts'
import { registerShutdown, type ShutdownState } from './http/shutdown.ts'
import { divide, openFilesLimit } from './open-files.ts'
import { sandboxWorld } from './sandbox/sandbox.ts'
import type { AuditFile } from './service/audit-file.ts'
import type { Deliveries } from './service/deliveries.ts'
import { Directory } from './service/directory.ts'
import type { Settings } from './service/job.ts'
import { makeLookup } from './service/lookup.ts'
import { type QuotaSettings, TestQuotas } from './service/quotas.ts'
import { realWorld } from './service/real-world.ts'
import { RelayTests } from './service/relay-tests.ts'
import type { WorldOf } from './service/world.ts'
import type { Stores } from './store/stores.ts'
import { SelfCheck } from './vantage/self-check.ts'
import { DEFAULT_VANTAGE, type Vantage } from './vantage/vantage.ts'

/** The parts that the process opens for the app. */
export interface Parts {
  readonly logger: FastifyBaseLogger
  /** The output of the log, which counts the lines that it drops. */
  readonly output: { readonly dropped: number }
  readonly audit: AuditFile
  readonly customers: Reloading<Customers>
  readonly callers: Reloading<Callers>
  /** Null if the installation has no vantages file. */
  readonly vantages: Reloading<readonly Vantage[]> | null
  readonly stores: Stores
  /** Null if the installation has no mailbox. */
  readonly deliveries: Deliveries | null
}

/** The port at which other servers reach our mailbox, whatever port it listens on here. */
const SMTP_PORT = 25

/** Returns the settings of tests, from the configuration. */
export const settingsOf = (config: Config): Settings => ({
  deadlineMs: config.TEST_DEADLINE_MS,
  maxConcurrent: config.MAX_CONCURRENT_TESTS,
  implicitTlsPorts: config.IMPLICIT_TLS_PORTS,
  mailboxDomain: config.MAILBOX_DOMAIN,
  mailboxKey: config.MAILBOX_KEY,
  deliveryWaitMs: config.DELIVERY_WAIT_MS,
  resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
  tester: { providerName: config.PROVIDER_NAME, contact: config.CONTACT },
})

/** Returns the quotas, from the configuration. */
export const quotasOf = (config: Config): QuotaSettings => ({
  requests: config.QUOTA_REQUESTS,
  'tests-caller': config.QUOTA_CALLER,
  'tests-customer': config.QUOTA_CUSTOMER,
  'tests-target': config.QUOTA_TARGET,
  'tests-network': config.QUOTA_NETWORK,
})

export interface App {
  readonly app: FastifyInstance
  readonly shutdown: ShutdownState
  readonly relayTests: RelayTests
  readonly metrics: Metrics
  readonly selfCheck: SelfCheck
}

/** Builds the service from its configuration and from what the process has opened. */
export async function buildApp(config: Config, parts: Parts): Promise<App> {
  const { logger, audit, customers, callers, stores, deliveries } = parts
  const files = { customers, callers, ...(parts.vantages ? { vantages: parts.vantages } : {}) }
  const lookUp = makeLookup(config.DNS_SERVERS)
  const mailbox = { domain: config.MAILBOX_DOMAIN, port: SMTP_PORT, allowLoopback: config.ALLOW_LOOPBACK_TARGETS }
  const vantages = new SelfCheck({
    vantages: () => parts.vantages?.current ?? [DEFAULT_VANTAGE],
    parts: { lookUp, mailbox: deliveries && mailbox },
    log: logger,
  })
  const metrics = makeMetrics({ storeServer: stores.server, files, vantages, output: parts.output })
  const refusals = new Refusals(logger, metrics.refused)
  const app = makeFastify(logger, config.TRUST_PROXY ?? null, refusals)

  const settings = settingsOf(config)
  const quotas = new TestQuotas(quotasOf(config), stores.counters)
  const translations = config.NAT64_PREFIXES
  const world = { vantages, lookUp, stores, deliveries, settings, translations }
  const real = realWorld({ customers: () => customers.current, ...world })
  // The only place that chooses a world. All other code works the same in both.
  const worldOf: WorldOf = (caller) => (caller.sandbox ? sandboxWorld(caller, vantages) : real)
  const relayTests = new RelayTests({
    worldOf,
    testingIsOn: () => customers.current.testing,
    callerNow: (id) => callers.current.named(id),
    audit,
    stores,
    quotas,
    settings,
    observer: metrics,
    hasMailbox: deliveries !== null,
  })
  const directory = new Directory(worldOf)

  app.addHook('onClose', () => {
    vantages.stop()
    return relayTests.idle()
  })

  const { http } = divide(openFilesLimit(), settings.maxConcurrent, deliveries !== null)
  const limits = { all: http, withoutKey: Math.ceil(http / 4), proxies: config.TRUST_PROXY ?? [] }
  const connections = new Connections(app.server, limits)
  const shutdown = registerShutdown(app, connections)
  registerProblems(app, refusals)
  registerClientErrors(app)
  await app.register(accepts)
  const methods = watchMethods(app)
  await registerOpenapi(app)
  registerConsole(app)
  registerHealth(app, { shutdown, storeServer: stores.server, files, vantages })
  await app.register(async (api) => {
    await registerAuth(api, (key) => callers.current.authenticate(key, new Date()), connections)
    await registerQuotas(api, config.QUOTA_REQUESTS, stores.counters)
    registerFormats(api)
    const allowedPorts = config.ALLOWED_PORTS
    registerCreateRelayTest(api, relayTests, { allowedPorts, defaultProof: deliveries ? 'delivery' : 'message' })
    registerReadRelayTest(api, relayTests)
    registerListRelayTests(api, relayTests)
    registerCustomers(api, directory)
    registerAddresses(api, directory)
    registerVantages(api, () => vantages.views())
    registerLimits(api, { relayTests, quotas, allowedPorts })
  })
  methods.refuseOthers()
  await app.ready()
  return { app, shutdown, relayTests, metrics, selfCheck: vantages }
}
