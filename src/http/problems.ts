/** Makes every error of the API a problem document (RFC 9457), including the errors of the framework. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS } from '../contract/problem-catalogue.ts'
import { helpPath, type Problem, type ProblemSlug, problemType } from '../contract/problems.ts'
import { type ProblemMembers, problemOf, RequestProblem } from '../service/problem.ts'
import type { Refusals } from './refusals.ts'

export const PROBLEM_TYPE = 'application/problem+json'

const NO_SUCH_PATH = 'There is no such path. GET /openapi.json describes all paths.'

/** The errors of the framework by their code, as rows of our catalogue. Other errors are mapped by their status. */
const FRAMEWORK: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send the body as application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid-request', 'Send a JSON object as the body.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid-request', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid-request', 'Content-Length differs from the length of the body.'],
  FST_ERR_BAD_URL: ['not-found', NO_SUCH_PATH],
  FST_ERR_MAX_PARAM_LENGTH: ['not-found', NO_SUCH_PATH],
}

/** Answers every error of an app with a problem document, and checks the headers that must come only once. */
export function registerProblems(app: FastifyInstance, refusals: Refusals): void {
  app.setErrorHandler((error: ApiError, request, reply) => sendError(error, request, reply, refusals))
  app.addHook('onRequest', (request, reply, done) => {
    const { headersDistinct, httpVersion } = request.raw
    for (const name of ONCE) {
      const times = headersDistinct[name]?.length ?? 0
      // RFC 9112 section 3.2. Node's own check is off, because its answer is no problem document.
      const isMissing = name === 'host' && times === 0 && httpVersion !== '1.0'
      if (times <= 1 && !isMissing) continue
      reply.header('Connection', 'close')
      throw new RequestProblem('invalid-request', `Send the ${name} header exactly once.`)
    }
    for (const [name, most] of LONGEST) {
      if (`${request.headers[name] ?? ''}`.length <= most) continue
      throw new RequestProblem('headers-too-large', `The ${name} header may have at most ${most} characters.`)
    }
    done()
  })
  app.setNotFoundHandler(() => {
    throw new RequestProblem('not-found', NO_SUCH_PATH)
  })
}

/** Headers that must not come twice: a proxy might read the first, and we the second. */
const ONCE = ['host', 'authorization', 'content-type']

/** The longest headers that the service reads, in characters. Longer ones cost time, and no caller needs them. */
const LONGEST: readonly (readonly [name: string, most: number])[] = [
  ['accept', 1024],
  ['authorization', 512],
  ['content-encoding', 64],
  ['content-type', 256],
  ['host', 512],
  ['idempotency-key', 512],
  ['prefer', 512],
  ['traceparent', 256],
  ['x-forwarded-for', 1024],
]

/** The `Cache-Control` of every answer that is not a page. */
export const NOT_KEPT = 'no-store'

/** Returns the headers of every answer. */
export const headersFor = (requestId: string) => ({
  'Request-Id': requestId,
  'Cache-Control': NOT_KEPT,
  'X-Content-Type-Options': 'nosniff',
})

/** An API key. A caller may put it where it does not belong, and it must not get into the log. */
const KEY = /rtk_[\w-]+/g
/** Characters that a terminal or an editor may take for a line end, or show as something else. */
const UNPRINTABLE = /[^\x20-\x7e]/g
const forLog = (text: string): string =>
  text.replace(KEY, 'rtk_...').replace(UNPRINTABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

type ApiError = FastifyError | RequestProblem | SyntaxError

/** Answers a request with the problem that an error stands for, and logs it. */
export function sendError(
  error: ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
  refusals: Refusals,
): FastifyReply {
  const problem = problemOf(error) ?? frameworkProblem(error, request.routeOptions.bodyLimit)
  const { slug, members } = problem
  const { violatedPolicies, retryAfter, location } = members
  refusals.count(slug, violatedPolicies ?? [])
  const { status } = PROBLEMS[slug]
  if (status === 500) request.log.error({ err: error }, 'the request failed')
  else
    refusals.write(request.log, {
      caller: request.caller?.id,
      from: request.ip,
      method: request.method,
      route: request.routeOptions.url,
      problem: slug,
      status,
      detail: forLog(problem.message),
      ...(error === problem || status < 500 ? {} : { cause: error.message }),
      ...(violatedPolicies ? { violatedPolicies } : {}),
    })
  if (retryAfter !== undefined) reply.header('Retry-After', retryAfter)
  if (location !== undefined) reply.header('Location', location)
  // The hooks that set these headers do not run if the router has refused the request.
  reply.headers(headersFor(request.id))
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer')
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(documentOf(problem, request.id)))
}

function frameworkProblem(error: ApiError, bodyLimit: number): RequestProblem {
  if ('code' in error && error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new RequestProblem('payload-too-large', `The body may have at most ${bodyLimit} bytes.`)
  }
  const known = 'code' in error ? FRAMEWORK[error.code] : undefined
  if (known) return new RequestProblem(...known)
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  if (error instanceof SyntaxError && status < 500) {
    return new RequestProblem('invalid-request', 'The body is not valid JSON.')
  }
  if (status < 500) return new RequestProblem('invalid-request', 'The request is not valid.')
  return new RequestProblem('internal-error', 'The service failed. Its log says why, under this request id.')
}

/** Returns the problem document for a problem. `instance` is the request id. */
export function documentOf({ slug, message: detail, members }: RequestProblem, instance: string): Problem {
  const { status, title } = PROBLEMS[slug]
  const { errors, violatedPolicies, lastTest }: ProblemMembers = members
  return {
    type: problemType(slug),
    title,
    status,
    detail,
    instance,
    help: helpPath(slug),
    ...(errors ? { errors: [...errors] } : {}),
    ...(violatedPolicies ? { violatedPolicies: [...violatedPolicies] } : {}),
    ...(lastTest ? { lastTest } : {}),
  }
}
