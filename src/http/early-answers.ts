/**
 * Lets an answer reach a client that still sends its body. If a connection closes with bytes that nobody has read, the
 * kernel resets it, and the client may lose the answer (RFC 9112 section 9.6).
 */
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** How long the rest of a body is read and thrown away before the connection closes, in milliseconds. */
const LINGER_MS = 5_000

/** Closes a connection only after the body has arrived. The whole answer is sent before. */
export function registerEarlyAnswers(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || !isEarly(request) || !isLast(reply)) return payload
    reply.header('Content-Length', Buffer.byteLength(payload))
    return Readable.from(untilBodyEnds(request, payload))
  })
}

/** Whether the body of a request has not arrived yet. */
const isEarly = ({ raw: { complete, headers } }: FastifyRequest): boolean =>
  !complete && (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)

/** Whether the connection closes after the answer. */
const isLast = (reply: FastifyReply): boolean => !reply.raw.shouldKeepAlive || reply.getHeader('Connection') === 'close'

async function* untilBodyEnds({ raw }: FastifyRequest, payload: string): AsyncGenerator<string> {
  yield payload
  raw.resume()
  // It rejects if the client leaves, or after the time.
  await finished(raw, { signal: AbortSignal.timeout(LINGER_MS) }).catch(() => {})
}
