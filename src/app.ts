import { randomUUID } from 'node:crypto'
import accepts from '@fastify/accepts'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import type { Callers } from './access/callers.ts'
import type { Customers } from './access/customer.ts'
import type { Config } from './config.ts'
import type { Reloading } from './files/reloading.ts'
import { registerAddresses } from './http/addresses.ts'
import { registerAuth } from './http/auth.ts'
import { registerConsole } from './http/console.ts'
import { registerCustomers } from './http/customers.ts'
import { registerHealth } from './http/health.ts'
import { registerJson } from './http/json.ts'
import { type Life, registerLife } from './http/life.ts'
import { registerLimits } from './http/limits.ts'
import { registerListing } from './http/listing.ts'
import { watchMethods } from './http/methods.ts'
import { type Metrics, makeMetrics } from './http/metrics.ts'
import { registerOpenapi } from './http/openapi.ts'
import { answerClientError, registerProblems, sendError } from './http/problems.ts'
import { registerQuotas } from './http/quotas.ts'
import { registerRelayTests } from './http/relay-tests.ts'
import { traceOf } from './http/trace.ts'
import { registerVantages } from './http/vantages.ts'
import type { Audit } from './service/audit.ts'
import type { Deliveries } from './service/deliveries.ts'
import type { Settings } from './service/job.ts'
import { makeLookUp } from './service/names.ts'
import { RelayTests } from './service/relay-tests.ts'
import { Scope } from './service/scope.ts'
import type { Stores } from './store/stores.ts'
import { SelfCheck } from './vantage/self-check.ts'
import { DEFAULT_VANTAGE, type Vantage } from './vantage/vantage.ts'

/** What the process opens for the app. */
export interface Parts {
  readonly logger: FastifyBaseLogger
  readonly audit: Audit
  readonly customers: Reloading<Customers>
  readonly callers: Reloading<Callers>
  /** Null where the installation names no vantage. */
  readonly vantages: Reloading<readonly Vantage[]> | null
  readonly stores: Stores
  /** Null where the installation has no mailbox. */
  readonly deliveries: Deliveries | null
}

const BODY_LIMIT = 8 * 1024
const MAX_HEADERS = 8 * 1024
const REQUEST_MS = 10_000
/** Where the world reaches our mailbox, whatever port it listens on here. */
const SMTP_PORT = 25

/** What tests are made with, of all that is configured. */
export const settingsOf = (config: Config): Settings => ({
  deadlineMs: config.TEST_DEADLINE_MS,
  maxConcurrent: config.MAX_CONCURRENT_TESTS,
  mailboxDomain: config.MAILBOX_DOMAIN,
  mailboxKey: config.MAILBOX_KEY,
  deliveryWaitMs: config.DELIVERY_WAIT_MS,
  resultTtlMs: config.RESULT_TTL_SECONDS * 1000,
  tester: { providerName: config.PROVIDER_NAME, contact: config.CONTACT },
})

/** Wires everything: the table of contents of the service. */
export async function buildApp(
  config: Config,
  parts: Parts,
): Promise<{ app: FastifyInstance; life: Life; relayTests: RelayTests; metrics: Metrics; selfCheck: SelfCheck }> {
  const { logger, audit, customers, callers, stores } = parts
  const files = { customers, callers, ...(parts.vantages ? { vantages: parts.vantages } : {}) }
  const lookUp = makeLookUp(config.DNS_SERVERS)
  const mailbox = { domain: config.MAILBOX_DOMAIN, port: SMTP_PORT, allowLoopback: config.ALLOW_LOOPBACK_TARGETS }
  const vantages = new SelfCheck({
    vantages: () => parts.vantages?.current ?? [DEFAULT_VANTAGE],
    parts: { lookUp, mailbox: parts.deliveries && mailbox },
    log: logger,
  })
  const metrics = makeMetrics({ storeServer: stores.server, files, vantages })
  const app = Fastify({
    loggerInstance: logger,
    // One line for each test and each refusal is ours; one for each request would drown them.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    http: {
      maxHeaderSize: MAX_HEADERS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: 2_000,
      // Node would answer in its own words; registerProblems does in ours.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: MAX_HEADERS, ignoreTrailingSlash: true },
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    childLoggerFactory: (log, bindings, options, { headers }) =>
      log.child({ ...bindings, ...traceOf(headers.traceparent) }, options),
    trustProxy: config.TRUST_PROXY ?? false,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply, metrics.refused),
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
  })
  // Bodies are read by the contract's schema, with our own words (service/request.ts); answers are typed by it.
  app.setValidatorCompiler(() => (value) => ({ value }))
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.removeContentTypeParser('text/plain')
  registerJson(app)

  const relayTests = new RelayTests({
    customers: () => customers.current,
    vantages,
    audit,
    stores,
    deliveries: parts.deliveries,
    tally: metrics,
    settings: settingsOf(config),
  })

  const scope = new Scope({ customers: () => customers.current, vantages, stores, lookUp })

  app.addHook('onClose', () => {
    vantages.stop()
    return relayTests.idle()
  })

  const life = registerLife(app)
  registerProblems(app, metrics.refused)
  await app.register(accepts)
  const methods = watchMethods(app)
  await registerOpenapi(app)
  registerConsole(app)
  registerHealth(app, { life, storeServer: stores.server, files, vantages })
  await app.register(async (api) => {
    await registerAuth(api, (key) => callers.current.authenticate(key, new Date()))
    const quotaSettings = {
      requests: config.QUOTA_REQUESTS,
      'tests-caller': config.QUOTA_CALLER,
      'tests-customer': config.QUOTA_CUSTOMER,
      'tests-target': config.QUOTA_TARGET,
      'tests-network': config.QUOTA_NETWORK,
    }
    const quotas = registerQuotas(api, quotaSettings, stores.counters)
    const allowedPorts = config.ALLOWED_PORTS
    const rules = { allowedPorts, defaultProof: parts.deliveries ? 'delivery' : 'message' } as const
    registerRelayTests(api, { relayTests, quotas, rules })
    registerListing(api, relayTests)
    registerCustomers(api, scope)
    registerAddresses(api, scope)
    registerVantages(api, () => vantages.views())
    registerLimits(api, { relayTests, quotas, allowedPorts })
  })
  methods.refuseOthers()
  await app.ready()
  return { app, life, relayTests, metrics, selfCheck: vantages }
}
