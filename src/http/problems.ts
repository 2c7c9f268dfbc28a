import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, type Problem, type ProblemSlug, problemType } from '../contract/problems.ts'
import { type Extras, Refused } from '../service/problem.ts'

const MEDIA_TYPE = 'application/problem+json'

/** What the framework's own errors are in our catalogue; the rest goes by status. */
const FRAMEWORK: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload-too-large', 'At most 8192 bytes were expected.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid-request', 'A JSON object was expected, such as {"ip": "203.0.113.25"}.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid-request', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'Content-Length differs from the length of the body.'],
  FST_ERR_BAD_URL: ['invalid-request', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['uri-too-long', 'A part of the path is too long.'],
}

/** Makes every error of the API a problem document (RFC 9457), the framework's own included. */
export function registerProblems(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | Refused, request, reply) => sendError(error, request, reply))
  app.setNotFoundHandler(() => {
    throw new Refused('not-found', 'There is no such path; GET /openapi.json describes those there are.')
  })
}

/** Answers a request with what an error means. */
export function sendError(
  error: FastifyError | Refused | SyntaxError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refused = error instanceof Refused ? error : ofFramework(error)
  const { slug, extras } = refused
  const { status } = PROBLEMS[slug]
  if (status === 500) request.log.error({ err: error }, 'the request failed')
  else
    request.log.info(
      { caller: request.caller?.id, method: request.method, route: request.routeOptions.url, problem: slug, status },
      'refused',
    )
  if (extras.retryAfter !== undefined) reply.header('Retry-After', extras.retryAfter)
  if (extras.location !== undefined) reply.header('Location', extras.location)
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  return reply
    .code(status)
    .type(MEDIA_TYPE)
    .send(JSON.stringify(problemOf(slug, refused.message, request.id, extras)))
}

function ofFramework(error: FastifyError | SyntaxError): Refused {
  const known = 'code' in error ? FRAMEWORK[error.code] : undefined
  if (known) return new Refused(...known)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (error instanceof SyntaxError && status < 500) return new Refused('invalid-request', 'The body is not valid JSON.')
  if (status < 500) return new Refused('invalid-request', 'The request is not valid.')
  return new Refused('internal-error', 'The service failed; the log of this request id says why.')
}

function problemOf(slug: ProblemSlug, detail: string, instance: string, { errors, violatedPolicies }: Extras): Problem {
  const { status, title } = PROBLEMS[slug]
  return {
    type: problemType(slug),
    title,
    status,
    detail,
    instance,
    ...(errors ? { errors: [...errors] } : {}),
    ...(violatedPolicies ? { violatedPolicies: [...violatedPolicies] } : {}),
  }
}

/** What Node's HTTP parser refuses before there is a request. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'At most 8192 bytes of headers were expected.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'The whole request was expected within 10 seconds.'],
}

/** Answers on the raw socket where the request could not be read at all. */
export function answerClientError(error: Error & { code?: string }, socket: Socket, instance: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [slug, detail] = CLIENT_ERRORS[error.code ?? ''] ?? ['invalid-request', 'This is no valid HTTP request.']
  const { status } = PROBLEMS[slug]
  const body = JSON.stringify(problemOf(slug, detail, instance, {}))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Request-Id: ${instance}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
