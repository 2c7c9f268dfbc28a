/** A scripted SOCKS5 proxy, for what no real one does. */
import { createServer, type Socket } from 'node:net'
import { listening } from './listening.ts'
import type { Ending } from './service.ts'

export interface ScriptedProxy {
  readonly port: number
  /** What came on each connection so far, by what the script read of it. */
  readonly received: readonly Buffer[]
}

/** A program that a proxy runs for each connection: reads so many bytes, or writes. */
export interface Peer {
  readonly socket: Socket
  read(length: number): Promise<Buffer>
}

/** A proxy on 127.0.0.1 that does as the script says, for what no real one does; it ends with the test. */
export async function scriptedProxy(t: Ending, script: (peer: Peer) => Promise<void>): Promise<ScriptedProxy> {
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let pending = Buffer.alloc(0)
    let wake = () => {}
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk])
      wake()
    })
    const read = async (length: number): Promise<Buffer> => {
      while (pending.length < length) await new Promise<void>((resolve) => (wake = resolve))
      const bytes = pending.subarray(0, length)
      pending = pending.subarray(length)
      received.push(bytes)
      return bytes
    }
    void script({ socket, read })
  })
  const port = await listening(t, server, sockets)
  return { port, received }
}

export const SOCKS = {
  /** The method "no login" is taken. */
  welcome: Buffer.from([5, 0]),
  /** The method "user and password" is taken. */
  login: Buffer.from([5, 2]),
  /** The connection stands, from an IPv4 address. */
  granted: Buffer.from([5, 0, 0, 1, 198, 51, 100, 7, 0, 99]),
  refused: (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
} as const
