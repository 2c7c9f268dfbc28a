/** Notices that a caller has closed its connection. (`request.signal` fires at once in Fastify 5.12.) */
import type { FastifyReply } from 'fastify'

/** Returns a function that registers a callback for a caller that leaves before it has its answer. */
export const whenGone =
  ({ raw, request }: FastifyReply) =>
  (gone: () => void): void => {
    const { socket } = request.raw
    const closed = () => {
      if (!raw.writableFinished) gone()
    }
    if (socket.destroyed) closed()
    raw.once('close', closed)
    // An answer that waits behind others on its connection does not get its own 'close'.
    socket.once('close', closed)
    raw.once('finish', () => socket.off('close', closed))
  }

/** Returns a signal that is aborted if the caller leaves before it has its answer. */
export function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  whenGone(reply)(() => gone.abort())
  return gone.signal
}
