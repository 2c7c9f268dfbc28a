import { connect, createServer, type Socket } from 'node:net'

/** A way to a service that can be cut. */
export interface Cuttable {
  readonly url: string
  /** How many connections came. */
  readonly connections: number
  /** Cuts every connection there is. */
  cut(): void
  /** From now on cuts every connection as soon as an answer comes, until told otherwise. */
  refuse(refusing: boolean): void
}

/** Opens a way to a service; it ends with the test. */
export async function cuttable(t: { after(work: () => unknown): void }, url: string): Promise<Cuttable> {
  const sockets = new Set<Socket>()
  let connections = 0
  let refusing = false
  const server = createServer((near) => {
    connections += 1
    const far = connect(Number(new URL(url).port), '127.0.0.1')
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
      socket.on('data', (chunk) => {
        if (refusing && socket === far) socket.destroy()
        else other.write(chunk)
      })
    }
  })
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    cut()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections
    },
    cut,
    refuse(now) {
      refusing = now
    },
  }
}
