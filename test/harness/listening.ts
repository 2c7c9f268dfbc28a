/** Opens servers on free ports and closes them after the test. */
import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import type { Ending } from './service.ts'

/** Makes a server listen on a free port, and returns the port. The server and `sockets` are closed after the test. */
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
