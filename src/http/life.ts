import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Refused } from '../service/problem.ts'
import { headersFor } from './problems.ts'

/** Where in its life the process is. */
export interface Life {
  /** Readiness is gone, requests are still served: load balancers need a moment to see it. */
  draining: boolean
}

/** What a request that is half here when the service closes gets to arrive. */
const ARRIVAL_MS = 2_000

/** What an answer may take to be read, and how often that is looked at: whoever never reads would be kept for ever. */
const READING_MS = 10_000
const LOOK_MS = 2_000

/**
 * Lets a closing server end quickly without losing an answer: new requests on open connections are refused, every answer
 * closes its connection, and connections without a request are closed at once. (Else `close()` waits for idle keep-alive
 * connections, up to 72 s in Fastify 5.12, and for ever for those that never said a word.)
 */
export function registerLife(app: FastifyInstance): Life {
  const life: Life = { draining: false }
  let closing = false
  const connections = watchConnections(app.server)
  const looking = setInterval(() => {
    for (const socket of connections.unread(READING_MS)) socket.destroy()
  }, LOOK_MS).unref()
  app.addHook('onClose', async () => clearInterval(looking))
  app.addHook('preClose', async () => {
    closing = true
    for (const socket of connections.silent()) socket.destroy()
    setTimeout(() => {
      for (const socket of connections.unheard()) socket.destroy()
    }, ARRIVAL_MS).unref()
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing) throw new Refused('shutting-down', 'The service is shutting down: try again.', { retryAfter: 1 })
    done()
  })
  app.addHook('onSend', (request, reply, _payload, done) => {
    // A refusal has them.
    if (!reply.hasHeader('Request-Id')) reply.headers(headersFor(request.id))
    if (closing) reply.header('Connection', 'close')
    done()
  })
  return life
}

/**
 * The connections of a server: those that have not brought a whole request, those that brought no part of one, and those
 * that have left bytes of ours unread for so long.
 */
function watchConnections(server: Server) {
  /** With the bytes that had come when the last request was answered. */
  const idle = new Map<Socket, number>()
  /** Since when there have been bytes that nobody reads; null while there are none. */
  const unreadSince = new Map<Socket, number | null>()
  server.on('connection', (socket) => {
    // One listener for each request that is pipelined, and as many as there are.
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
    unheard: (): Socket[] => [
      ...idle.keys(),
      ...[...incoming].filter(([, { complete }]) => !complete).map(([socket]) => socket),
    ],
    unread(ms: number): Socket[] {
      const now = performance.now()
      for (const [socket, since] of unreadSince) {
        unreadSince.set(socket, socket.writableLength === 0 ? null : (since ?? now))
      }
      return [...unreadSince].filter(([, since]) => since !== null && now - since >= ms).map(([socket]) => socket)
    },
    silent: (): Socket[] => [...idle].filter(([socket, bytes]) => socket.bytesRead === bytes).map(([socket]) => socket),
  }
}
