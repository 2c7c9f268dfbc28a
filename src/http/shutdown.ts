/** Graceful shutdown of the HTTP server: answers what has arrived, and leaves no connection open. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { RequestProblem } from '../service/problem.ts'
import type { CallerConnections } from './connections.ts'
import { headersFor, NOT_KEPT } from './problems.ts'

/** How far the shutdown of the process is. */
export interface ShutdownState {
  /** The service reports that it is not ready, and still serves: load balancers need a moment to notice. */
  draining: boolean
}

/** How long the rest of a request may take to arrive once the service closes, in milliseconds. */
const ARRIVAL_MS = 2_000

/** Turns of the event loop that it takes to accept a connection and to read its request. */
const TURNS = 3

/** How long a client may leave an answer unread, and how often this is checked, in milliseconds. */
const READING_MS = 10_000
const CHECK_MS = 2_000

/**
 * Lets a closing server end quickly without losing an answer: new requests on open connections are refused, each answer
 * closes its connection, and connections without a request are closed at once. Without this, `close()` waits up to 72 s
 * for idle keep-alive connections (Fastify 5.12), and for ever for connections that never sent a byte.
 */
export function registerShutdown(app: FastifyInstance, connections: CallerConnections): ShutdownState {
  const state: ShutdownState = { draining: false }
  let closing = false
  const checking = setInterval(() => {
    for (const socket of connections.unread(READING_MS)) socket.destroy()
  }, CHECK_MS).unref()
  app.addHook('onClose', async () => clearInterval(checking))
  app.addHook('preClose', async () => {
    // A connection that arrived while the process was busy is accepted in the next turn, and its request is read later.
    for (let turn = 0; turn < TURNS; turn += 1) await nextTurn()
    closing = true
    for (const socket of connections.silent()) socket.destroy()
    setTimeout(() => {
      for (const socket of connections.incomplete()) socket.destroy()
    }, ARRIVAL_MS).unref()
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) {
      throw new RequestProblem('shutting-down', 'The service is shutting down. Try again.', { retryAfter: 1 })
    }
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    // A problem has these headers already, and a page says itself how long a browser may keep it.
    const kept = reply.getHeader('Cache-Control') ?? NOT_KEPT
    if (!reply.hasHeader('Request-Id')) reply.headers({ ...headersFor(request.id), 'Cache-Control': kept })
    if (closing) reply.header('Connection', 'close')
    done()
  })
  return state
}
