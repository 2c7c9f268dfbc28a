import { connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/** A way to a port of 127.0.0.1 whose answers can be held up. */
export interface Link {
  readonly port: number
  /** How long each answer takes from now on. */
  delayMs: number
}

/** Opens a link; it ends with the test. */
export async function openLink(t: TestContext, target: number): Promise<Link> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    near.on('data', (chunk) => far.write(chunk))
    let last = Promise.resolve()
    far.on('data', (chunk) => {
      const due = sleep(link.delayMs, null, { ref: false })
      // One after the other, also where a later answer takes less time.
      last = last.then(async () => {
        await due
        if (near.writable) near.write(chunk)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const link = { port: address.port, delayMs: 0 }
  return link
}
