import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS, type Problem, type ProblemSlug, problemType } from '../contract/problems.ts'
import { type Extras, Refused, refusalIn } from '../service/problem.ts'

const MEDIA_TYPE = 'application/problem+json'

const NO_SUCH_PATH = 'There is no such path; GET /openapi.json describes those there are.'

/** What the framework's own errors are in our catalogue; the rest goes by status. */
const FRAMEWORK: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload-too-large', 'At most 8192 bytes were expected.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid-request', 'A JSON object was expected, such as {"ip": "203.0.113.25"}.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid-request', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'Content-Length differs from the length of the body.'],
  FST_ERR_BAD_URL: ['not-found', NO_SUCH_PATH],
  FST_ERR_MAX_PARAM_LENGTH: ['not-found', NO_SUCH_PATH],
}

/** Makes every error of the API a problem document (RFC 9457), the framework's own included. */
export function registerProblems(app: FastifyInstance, counted: Counted): void {
  app.setErrorHandler((error: FastifyError | Refused, request, reply) => sendError(error, request, reply, counted))
  app.addHook('onRequest', (request, reply, done) => {
    const { headersDistinct, httpVersion } = request.raw
    for (const name of ONCE) {
      const count = headersDistinct[name]?.length ?? 0
      // RFC 9112 section 3.2; Node's own check is off, as its answer is no problem document.
      const isWanting = name === 'host' && count === 0 && httpVersion !== '1.0'
      if (count <= 1 && !isWanting) continue
      reply.header('Connection', 'close')
      throw new Refused('invalid-request', `One ${name} header was expected.`)
    }
    done()
  })
  app.server.on('request', (request, answer) => {
    const { socket } = request
    latest.set(socket, { request, answer })
    answer.once('close', () => {
      if (latest.get(socket)?.answer === answer) latest.delete(socket)
    })
  })
  app.server.on('checkExpectation', (_request, response) => {
    const { status, headers, body } = bareAnswer('expectation-failed', 'No expectation but "100-continue" can be met.')
    response.writeHead(status, headers).end(body)
  })
  app.setNotFoundHandler(() => {
    throw new Refused('not-found', NO_SUCH_PATH)
  })
}

/** Headers of which another program on the way might read the one, and we the other. */
const ONCE = ['host', 'authorization', 'content-type']

/** On every answer, whatever it is. */
export const headersFor = (requestId: string) => ({
  'Request-Id': requestId,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
})

/** A caller may put its key where it does not belong; it must not get into the log. */
const KEY = /rtk_[\w-]+/g
/** What a reader of the log may take for the end of a line, or show as something else. */
const UNPRINTABLE = /[^\x20-\x7e]/g
const forLog = (text: string): string =>
  text.replace(KEY, 'rtk_...').replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Told of every refusal, with the quotas that were used up. */
type Counted = (slug: ProblemSlug, policies: readonly string[]) => void

/** Answers a request with what an error means. */
export function sendError(
  error: FastifyError | Refused | SyntaxError,
  request: FastifyRequest,
  reply: FastifyReply,
  counted: Counted,
): FastifyReply {
  const refused = refusalIn(error) ?? ofFramework(error)
  const { slug, extras } = refused
  counted(slug, extras.violatedPolicies ?? [])
  const { status } = PROBLEMS[slug]
  if (status === 500) request.log.error({ err: error }, 'the request failed')
  else
    request.log.info(
      {
        caller: request.caller?.id,
        from: request.ip,
        method: request.method,
        route: request.routeOptions.url,
        problem: slug,
        status,
        detail: forLog(refused.message),
        ...(error === refused || status < 500 ? {} : { cause: error.message }),
        ...(extras.violatedPolicies ? { violatedPolicies: extras.violatedPolicies } : {}),
      },
      'refused',
    )
  if (extras.retryAfter !== undefined) reply.header('Retry-After', extras.retryAfter)
  if (extras.location !== undefined) reply.header('Location', extras.location)
  // The hooks that set these are not run for what the router refuses.
  reply.headers(headersFor(request.id))
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  return reply
    .code(status)
    .type(MEDIA_TYPE)
    .send(JSON.stringify(problemOf(slug, refused.message, request.id, extras)))
}

function ofFramework(error: FastifyError | Refused | SyntaxError): Refused {
  const known = 'code' in error ? FRAMEWORK[error.code] : undefined
  if (known) return new Refused(...known)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (error instanceof SyntaxError && status < 500) return new Refused('invalid-request', 'The body is not valid JSON.')
  if (status < 500) return new Refused('invalid-request', 'The request is not valid.')
  return new Refused('internal-error', 'The service failed; the log of this request id says why.')
}

function problemOf(
  slug: ProblemSlug,
  detail: string,
  instance: string,
  { errors, violatedPolicies, lastTest }: Extras,
): Problem {
  const { status, title } = PROBLEMS[slug]
  return {
    type: problemType(slug),
    title,
    status,
    detail,
    instance,
    ...(errors ? { errors: [...errors] } : {}),
    ...(violatedPolicies ? { violatedPolicies: [...violatedPolicies] } : {}),
    ...(lastTest ? { lastTest } : {}),
  }
}

/** An answer for requests that never reach the framework. */
function bareAnswer(slug: ProblemSlug, detail: string) {
  const instance = randomUUID()
  const body = JSON.stringify(problemOf(slug, detail, instance, {}))
  const length = String(Buffer.byteLength(body))
  const headers = { ...headersFor(instance), 'Content-Type': MEDIA_TYPE, 'Content-Length': length, Connection: 'close' }
  return { status: PROBLEMS[slug].status, headers, body }
}

/** What Node's HTTP parser refuses before there is a request. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'At most 8192 bytes of headers were expected.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'The whole request was expected within 10 seconds.'],
}

/** The latest request of a connection that has not been answered. */
const latest = new WeakMap<Socket, { readonly request: IncomingMessage; readonly answer: ServerResponse }>()

/** Answers on the raw socket where the request could not be read at all. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const owed = latest.get(socket)
  if (owed?.request.complete) {
    // What follows a request must not be answered in its place.
    owed.answer.once('finish', () => socket.destroySoon())
    return
  }
  const [slug, detail] = CLIENT_ERRORS[error.code ?? ''] ?? ['invalid-request', 'This is no valid HTTP request.']
  const { status, headers, body } = bareAnswer(slug, detail)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}
