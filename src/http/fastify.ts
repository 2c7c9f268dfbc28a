/** Makes the Fastify instance: limits, ids, logging, and how requests that it refuses itself are answered. */
import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { answerClientError } from './client-errors.ts'
import { sendError } from './problems.ts'
import type { Refusals } from './refusals.ts'
import { registerStrictJson } from './strict-json.ts'
import { traceOf } from './trace.ts'

/** The longest body and the longest headers, in bytes. */
const BODY_LIMIT = 8 * 1024
const MAX_HEADERS = 8 * 1024
/** How long a request may take to arrive, and how often that is checked, in milliseconds. */
const REQUEST_MS = 10_000
const CHECK_MS = 2_000

/**
 * Makes an app without routes.
 *
 * @param trustProxy CIDRs of proxies whose X-Forwarded-For is believed; null for none
 * @param refusals gets the problems of requests that the framework refuses
 */
export function makeFastify(
  logger: FastifyBaseLogger,
  trustProxy: string[] | null,
  refusals: Refusals,
): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    // The service writes a line for each test and each problem. A line for each request would hide them.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_MS,
    http: {
      maxHeaderSize: MAX_HEADERS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
      // registerProblems checks the Host header instead, and answers with a problem document.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: MAX_HEADERS, ignoreTrailingSlash: true },
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    childLoggerFactory: (log, bindings, options, { headers }) =>
      log.child({ ...bindings, ...traceOf(headers.traceparent) }, options),
    trustProxy: trustProxy ?? false,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply, refusals),
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
  })
  // Turned off: service/request.ts checks bodies with the schemas of the contract, and TypeScript checks the answers.
  app.setValidatorCompiler(() => (value) => ({ value }))
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.removeContentTypeParser('text/plain')
  registerStrictJson(app)
  return app
}
