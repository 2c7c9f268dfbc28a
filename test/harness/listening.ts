/** Lets a server of a test listen on a free port until the test ends. */
import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import type { Ending } from './service.ts'

/** Lets a server listen on a free port, which is returned; it ends with the test, and so do its connections. */
export async function listening(
  t: Ending,
  server: Server,
  sockets: ReadonlySet<Socket>,
  host = '127.0.0.1',
): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
