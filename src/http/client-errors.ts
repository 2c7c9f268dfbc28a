/** Answers requests that Node's HTTP server refuses before the framework sees them, with a problem document too. */
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { PROBLEMS } from '../contract/problem-catalogue.ts'
import type { ProblemSlug } from '../contract/problems.ts'
import { RequestProblem } from '../service/problem.ts'
import { documentOf, headersFor, PROBLEM_TYPE } from './problems.ts'

/** The errors of Node's HTTP server by their code, as rows of our catalogue. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemSlug, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'The headers may have at most 8192 bytes.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'The whole request must arrive within 10 seconds.'],
}

/** The newest request of a connection, if it has not been answered. */
type Unanswered = WeakMap<Socket, { readonly request: IncomingMessage; readonly answer: ServerResponse }>

const unanswered: Unanswered = new WeakMap()

/** Watches the requests of an app, for `answerClientError`, and refuses Expect headers that it cannot meet. */
export function registerClientErrors(app: FastifyInstance): void {
  app.server.on('request', (request, answer) => {
    const { socket } = request
    unanswered.set(socket, { request, answer })
    answer.once('close', () => {
      if (unanswered.get(socket)?.answer === answer) unanswered.delete(socket)
    })
  })
  app.server.on('checkExpectation', (_request, response) => {
    const detail = 'The only expectation that can be met is "100-continue".'
    const { status, headers, body } = bareAnswer('expectation-failed', detail)
    response.writeHead(status, headers).end(body)
  })
}

/** Answers on the raw socket, because the request could not be read at all. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const owed = unanswered.get(socket)
  if (owed?.request.complete) {
    // Bytes after a request must not be answered in place of that request.
    owed.answer.once('finish', () => socket.destroySoon())
    return
  }
  const [slug, detail] = CLIENT_ERRORS[error.code ?? ''] ?? ['invalid-request', 'This is not a valid HTTP request.']
  const { status, headers, body } = bareAnswer(slug, detail)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}

/** Returns an answer that has a new request id and closes its connection. */
function bareAnswer(slug: ProblemSlug, detail: string) {
  const instance = randomUUID()
  const body = JSON.stringify(documentOf(new RequestProblem(slug, detail), instance))
  const length = String(Buffer.byteLength(body))
  const headers = {
    ...headersFor(instance),
    'Content-Type': PROBLEM_TYPE,
    'Content-Length': length,
    Connection: 'close',
  }
  return { status: PROBLEMS[slug].status, headers, body }
}
