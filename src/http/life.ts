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

/**
 * Lets a closing server end quickly without losing an answer: new requests on open connections are refused, every answer
 * closes its connection, and connections without a request are closed at once. (Else `close()` waits for idle keep-alive
 * connections, up to 72 s in Fastify 5.12, and for ever for those that never said a word.)
 */
export function registerLife(app: FastifyInstance): Life {
  const life: Life = { draining: false }
  let closing = false
  const connections = watchConnections(app.server)
  app.addHook('preClose', async () => {
    closing = true
    for (const socket of connections.silent()) socket.destroy()
    setTimeout(() => {
      for (const socket of connections.unheard()) socket.destroy()
    }, ARRIVAL_MS).unref()
  })
  app.addHook('onRequest', async () => {
    if (closing) throw new Refused('shutting-down', 'The service is shutting down: try again.', { retryAfter: 1 })
  })
  app.addHook('onSend', async (request, reply) => {
    reply.headers(headersFor(request.id))
    if (closing) reply.header('Connection', 'close')
  })
  return life
}

/** The connections of a server: those that have not brought a whole request, and those that brought no part of one. */
function watchConnections(server: Server): { unheard(): Socket[]; silent(): Socket[] } {
  /** With the bytes that had come when the last request was answered. */
  const idle = new Map<Socket, number>()
  server.on('connection', (socket) => {
    idle.set(socket, 0)
    socket.once('close', () => idle.delete(socket))
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
    unheard: () => [...idle.keys(), ...[...incoming].filter(([, { complete }]) => !complete).map(([socket]) => socket)],
    silent: () => [...idle].filter(([socket, bytes]) => socket.bytesRead === bytes).map(([socket]) => socket),
  }
}
