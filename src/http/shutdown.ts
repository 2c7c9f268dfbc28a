/** Graceful shutdown of the HTTP server: answers what has arrived, and leaves no connection open. */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { RequestProblem } from '../service/problem.ts'
import { headersFor } from './problems.ts'

/** How far the shutdown of the process is. */
export interface ShutdownState {
  /** The service reports that it is not ready, and still serves: load balancers need a moment to notice. */
  draining: boolean
}

/** How long the rest of a request may take to arrive once the service closes, in milliseconds. */
const ARRIVAL_MS = 2_000

/** How long a client may leave an answer unread, and how often this is checked, in milliseconds. */
const READING_MS = 10_000
const CHECK_MS = 2_000

/**
 * Lets a closing server end quickly without losing an answer: new requests on open connections are refused, each answer
 * closes its connection, and connections without a request are closed at once. Without this, `close()` waits up to 72 s
 * for idle keep-alive connections (Fastify 5.12), and for ever for connections that never sent a byte.
 */
export function registerShutdown(app: FastifyInstance): ShutdownState {
  const state: ShutdownState = { draining: false }
  let closing = false
  const connections = watchConnections(app.server)
  const checking = setInterval(() => {
    for (const socket of connections.unread(READING_MS)) socket.destroy()
  }, CHECK_MS).unref()
  app.addHook('onClose', async () => clearInterval(checking))
  app.addHook('preClose', async () => {
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
    // A problem has these headers already.
    if (!reply.hasHeader('Request-Id')) reply.headers(headersFor(request.id))
    if (closing) reply.header('Connection', 'close')
    done()
  })
  return state
}

/** Watches the connections of a server, and lists those that may be closed. */
function watchConnections(server: Server) {
  /** Connections without a request, with the number of bytes that had come when the last one was answered. */
  const idle = new Map<Socket, number>()
  /** Since when the client of a connection has not read what was sent; null if it has read everything. */
  const unreadSince = new Map<Socket, number | null>()
  server.on('connection', (socket) => {
    // Each pipelined request adds a listener, and there may be many.
    socket.setMaxListeners(0)
    idle.set(socket, 0)
    unreadSince.set(socket, null)
    socket.once('close', () => {
      idle.delete(socket)
      unreadSince.delete(socket)
    })
  })
  const incoming = new Map<Socket, IncomingMessage>()
  server.on('request', (request, response) => {
    const { socket } = request
    idle.delete(socket)
    incoming.set(socket, request)
    response.once('close', () => {
      incoming.delete(socket)
      if (!socket.destroyed) idle.set(socket, socket.bytesRead)
    })
  })
  return {
    /** Connections that have not sent a whole request. */
    incomplete: (): Socket[] => [
      ...idle.keys(),
      ...[...incoming].filter(([, { complete }]) => !complete).map(([socket]) => socket),
    ],
    /** Connections whose client has read nothing for `ms` milliseconds. */
    unread(ms: number): Socket[] {
      const now = performance.now()
      for (const [socket, since] of unreadSince) {
        unreadSince.set(socket, socket.writableLength === 0 ? null : (since ?? now))
      }
      return [...unreadSince].filter(([, since]) => since !== null && now - since >= ms).map(([socket]) => socket)
    },
    /** Connections that have sent no part of a request. */
    silent: (): Socket[] => [...idle].filter(([socket, bytes]) => socket.bytesRead === bytes).map(([socket]) => socket),
  }
}
