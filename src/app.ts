/** Builds all parts of the service and connects them. Read this file first to see what the service consists of. */
import accepts from '@fastify/accepts'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Callers } from './access/callers.ts'
import type { Customers } from './access/customer.ts'
import type { Config } from './config.ts'
import type { Reloading } from './files/reloading.ts'
import { registerAuth } from './http/auth.ts'
import { registerClientErrors } from './http/client-errors.ts'
import { CallerConnections } from './http/connections.ts'
import { registerEarlyAnswers } from './http/early-answers.ts'
import { makeFastify } from './http/fastify.ts'
import { registerFormats } from './http/formats.ts'
import { watchMethods } from './http/method-not-allowed.ts'
import { type Metrics, makeMetrics } from './http/metrics.ts'
import { registerOpenapi } from './http/openapi.ts'
import { registerProblems } from './http/problems.ts'
import { registerQuotas } from './http/quotas.ts'
import { Refusals } from './http/refusals.ts'
import { registerAddresses } from './http/routes/addresses.ts'
import { registerClientPackage } from './http/routes/client-package.ts'
import { registerConsole } from './http/routes/console.ts'
import { registerCreateRelayTest } from './http/routes/create-relay-test.ts'
import { registerCustomers } from './http/routes/customers.ts'
import { registerHealth } from './http/routes/health.ts'
import { registerLimits } from './http/routes/limits.ts'
import { registerListRelayTests } from './http/routes/list-relay-tests.ts'
import { registerProblemHelp } from './http/routes/problems.ts'
import { registerReadRelayTest } from './http/routes/read-relay-test.ts'
import { registerReference } from './http/routes/reference.ts'
import { registerStopRelayTest } from './http/routes/stop-relay-test.ts'
import { registerSweepResults } from './http/routes/sweep-results.ts'
import { registerSweeps } from './http/routes/sweeps.ts'
import { registerVantages } from './http/routes/vantages.ts'
import { registerShutdown, type ShutdownState } from './http/shutdown.ts'
import { divideOpenFiles, openFilesLimit } from './open-files.ts'
import type { Queues } from './queue/queues.ts'
import { sandboxWorld } from './sandbox/sandbox.ts'
import { Amendments } from './service/amend.ts'
import { together } from './service/announcer.ts'
import type { AuditFile } from './service/audit-file.ts'
import { Changes } from './service/changes.ts'
import { Deliveries } from './service/deliveries.ts'
import { Directory } from './service/directory.ts'
import { atOnce } from './service/follow-up-plan.ts'
import { followUpOptions } from './service/follow-ups.ts'
import type { Settings } from './service/job.ts'
import { makeAddressLookup, makeLookup } from './service/lookup.ts'
import { type QuotaSettings, TestQuotas } from './service/quotas.ts'
import { realWorld } from './service/real-world.ts'
import { RelayTests } from './service/relay-tests.ts'
import type { RequestRules } from './service/request.ts'
import { WaitingList, waitingListOptions } from './service/waiting-list.ts'
import type { Permissions } from './service/withdrawal.ts'
import type { WorldOf } from './service/world.ts'
import type { Stores } from './store/stores.ts'
import { Schedules } from './sweeps/schedules.ts'
import type { ScheduledSweep } from './sweeps/schedules-file.ts'
import { SweepService } from './sweeps/sweeps.ts'
import { SelfCheck } from './vantage/self-check.ts'
import { DEFAULT_VANTAGE, type Vantage } from './vantage/vantage.ts'
import { Webhooks } from './webhooks/webhooks.ts'

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
  /** Null if the installation has no sweeps file. */
  readonly schedules: Reloading<readonly ScheduledSweep[]> | null
  readonly stores: Stores
  readonly queues: Queues
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
  mxZone: config.MX_ZONE ?? null,
  deliveryWaitMs: config.DELIVERY_WAIT_MS,
  resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
  tester: { providerName: config.PROVIDER_NAME, contact: config.CONTACT },
})

/** Returns the quotas, from the configuration. */
export const quotasOf = (config: Config): QuotaSettings => ({
  requests: config.QUOTA_REQUESTS,
  'sweeps-caller': config.QUOTA_SWEEPS,
  'tests-caller': config.QUOTA_CALLER,
  'tests-customer': config.QUOTA_CUSTOMER,
  'tests-target': config.QUOTA_TARGET,
  'tests-network': config.QUOTA_NETWORK,
})

export interface App {
  readonly app: FastifyInstance
  readonly shutdown: ShutdownState
  readonly relayTests: RelayTests
  /** Null if the installation has no mailbox. */
  readonly deliveries: Deliveries | null
  readonly metrics: Metrics
  readonly selfCheck: SelfCheck
  readonly webhooks: Webhooks
  readonly sweeps: SweepService
  readonly schedules: Schedules
}

/** Builds the service from its configuration and from what the process has opened. */
export async function buildApp(config: Config, parts: Parts): Promise<App> {
  const { logger, audit, customers, callers, stores, queues } = parts
  const hasMailbox = config.MAILBOX_LISTEN !== undefined
  const files = {
    customers,
    callers,
    ...(parts.vantages ? { vantages: parts.vantages } : {}),
    ...(parts.schedules ? { sweeps: parts.schedules } : {}),
  }
  const lookUp = makeLookup(config.DNS_SERVERS)
  const addressesOf = makeAddressLookup(config.DNS_SERVERS)
  const mailbox = { domain: config.MAILBOX_DOMAIN, port: SMTP_PORT, allowLoopback: config.ALLOW_LOOPBACK_TARGETS }
  const vantages = new SelfCheck({
    vantages: () => parts.vantages?.current ?? [DEFAULT_VANTAGE],
    parts: { lookUp, mailbox: hasMailbox ? mailbox : null },
    log: logger,
  })
  const metrics = makeMetrics({ storeServer: stores.server, queues, files, vantages, output: parts.output })
  const refusals = new Refusals(logger, metrics.refused)
  const app = makeFastify(logger, config.TRUST_PROXY ?? null, refusals)

  const settings = settingsOf(config)
  const quotas = new TestQuotas(quotasOf(config), stores.counters)
  const amendments = new Amendments({
    stores,
    log: logger,
    amended: (result, before, callerId) => {
      metrics.amended(result)
      void announcer.amended(callerId, result, before)
      void sweeps.amended(result)
    },
  })
  const deliveries = hasMailbox ? new Deliveries(stores.signals, amendments) : null
  const translations = config.NAT64_PREFIXES
  const world = { vantages, lookUp, addressesOf, stores, deliveries, settings, translations }
  const real = realWorld({ customers: () => customers.current, ...world })
  // The only place that chooses a world. All other code works the same in both.
  const worldOf: WorldOf = (caller) => (caller.sandbox ? sandboxWorld(caller, vantages) : real)
  const webhooks = new Webhooks({
    callers: () => callers.current,
    results: stores.results,
    openQueue: (options) => queues.open(options),
    around: {
      allowLoopback: config.ALLOW_LOOPBACK_TARGETS,
      translations: translations ?? [],
      own: () => real.origin().own,
      addressesOf,
    },
    log: logger,
    count: metrics.webhook,
  })
  webhooks.follow()
  const changes = new Changes({ results: stores.results, log: logger, count: metrics.changed })
  const announcer = together(webhooks, changes)
  const permissions: Permissions = {
    worldOf,
    testingIsOn: () => customers.current.testing,
    callerNow: (id) => callers.current.named(id),
  }
  const relayTests = new RelayTests({
    ...permissions,
    log: logger,
    amendments,
    followUpQueue: parts.queues.open(followUpOptions(settings.maxConcurrent)),
    followUpPausesMs: config.FOLLOW_UPS,
    audit,
    stores,
    quotas,
    settings,
    observer: metrics,
    waitingList: new WaitingList(queues.open(waitingListOptions(settings.maxConcurrent))),
    announcer,
    hasMailbox,
  })
  const sweeps = new SweepService({
    ...permissions,
    stores,
    openQueue: (options) => queues.open(options),
    relayTests,
    quotas,
    maxConcurrent: settings.maxConcurrent,
    log: logger,
    announce: (callerId, sweep) => webhooks.sweepEnded(callerId, sweep),
  })
  const requestRules: RequestRules = {
    allowedPorts: config.ALLOWED_PORTS,
    defaultProof: hasMailbox ? 'delivery' : 'message',
  }
  const schedules = new Schedules({
    ...permissions,
    openQueue: (options) => queues.open(options),
    sweeps,
    schedules: () => parts.schedules?.current ?? [],
    defaultProof: requestRules.defaultProof,
    log: logger,
  })
  const directory = new Directory(worldOf)

  app.addHook('onClose', async () => {
    vantages.stop()
    await Promise.all([relayTests.endFollowUps(), sweeps.close(), schedules.close()])
    await relayTests.idle()
    await webhooks.close()
  })

  const { http } = divideOpenFiles(
    openFilesLimit(),
    atOnce(settings.maxConcurrent),
    hasMailbox,
    settings.mxZone !== null,
  )
  const limits = { all: http, withoutKey: Math.ceil(http / 4), proxies: config.TRUST_PROXY ?? [] }
  const connections = new CallerConnections(app.server, limits)
  const shutdown = registerShutdown(app, connections)
  // After the hook that refuses new requests, so that none of them joins a waiting list that is closed.
  app.addHook('preClose', async () => {
    // Not awaited: callers may still read while the running tests of sweeps end.
    void sweeps.close()
    await relayTests.stopWaiting()
  })
  // After the hook that says which connections close.
  registerEarlyAnswers(app)
  registerProblems(app, refusals)
  registerClientErrors(app)
  await app.register(accepts)
  const methods = watchMethods(app)
  await registerOpenapi(app)
  registerConsole(app)
  registerClientPackage(app)
  registerReference(app)
  registerProblemHelp(app)
  registerHealth(app, { shutdown, storeServer: stores.server, files, vantages })
  await app.register(async (api) => {
    await registerAuth(api, (key) => callers.current.authenticate(key, new Date()), connections)
    await registerQuotas(api, config.QUOTA_REQUESTS, stores.counters)
    registerFormats(api)
    registerCreateRelayTest(api, relayTests, requestRules)
    registerReadRelayTest(api, relayTests)
    registerStopRelayTest(api, relayTests)
    registerListRelayTests(api, relayTests)
    registerCustomers(api, directory)
    registerAddresses(api, directory)
    registerVantages(api, () => vantages.views())
    registerLimits(api, { relayTests, quotas, allowedPorts: config.ALLOWED_PORTS })
    registerSweeps(api, sweeps, requestRules)
    registerSweepResults(api, sweeps)
  })
  methods.refuseOthers()
  await app.ready()
  return { app, shutdown, relayTests, deliveries, metrics, selfCheck: vantages, webhooks, sweeps, schedules }
}
