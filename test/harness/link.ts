/** A TCP link that a test can slow down or cut. */
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listening } from './listening.ts'
import type { Ending } from './service.ts'

/** A link to a port of 127.0.0.1. */
export interface Link {
  readonly port: number
  readonly url: string
  /** How many connections were opened through it. */
  readonly connections: number
  /** How long each answer is held back from now on. */
  delayMs: number
  /** While true, cuts each connection when an answer arrives. */
  refusing: boolean
  /** Cuts all open connections. */
  cut(): void
}

/** Opens a link; it ends with the test. */
export async function openLink(t: Ending, target: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((near) => {
    connections += 1
    const far = connect(target, '127.0.0.1')
    let last = Promise.resolve()
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        // Delivers delayed data before it closes the other side.
        void last.then(() => other.destroySoon())
      })
    }
    near.on('data', (chunk) => far.write(chunk))
    far.on('data', (chunk) => {
      if (link.refusing) {
        far.destroy()
        return
      }
      const due = sleep(link.delayMs, null, { ref: false })
      // Keeps the order, even if a later answer is held back for less time.
      last = last.then(async () => {
        await due
        if (near.writable) near.write(chunk)
      })
    })
  })
  const port = await listening(t, server, sockets)
  const link: Link = {
    port,
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    delayMs: 0,
    refusing: false,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
  }
  return link
}
