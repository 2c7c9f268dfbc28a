/**
 * Checks that this machine can open a socket: it may have no descriptor, no port, no memory or no such address left.
 */
import { createServer } from 'node:net'
import type { Address } from '../ip/address.ts'

/** Opens a socket with this local address and closes it again. It sends nothing. Returns null, or the errno. */
export function objectionToOpen({ text }: Address): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown error'))
    server.listen({ host: text, port: 0, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
