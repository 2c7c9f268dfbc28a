/** A scripted SOCKS5 proxy, for behaviour that no real proxy shows. */
import { connect, createServer, type Socket } from 'node:net'
import { listening } from './listening.ts'
import type { Ending } from './service.ts'

export interface ScriptedProxy {
  readonly port: number
  /** The bytes of each read by the script, in order. */
  readonly received: readonly Buffer[]
}

/** A connection of the proxy, from which a script reads a number of bytes, or to which it writes. */
export interface Peer {
  readonly socket: Socket
  read(length: number): Promise<Buffer>
}

/** Starts a proxy on 127.0.0.1 that follows a script. It ends with the test. */
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
  /** Chooses the method "no login". */
  welcome: Buffer.from([5, 0]),
  /** Chooses the method "user and password". */
  login: Buffer.from([5, 2]),
  /** Reports success, from an IPv4 address. */
  granted: Buffer.from([5, 0, 0, 1, 198, 51, 100, 7, 0, 99]),
  refused: (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]),
} as const

/** The SOCKS5 reply for a connection that the target refused (RFC 1928 section 6). */
const CONNECTION_REFUSED = 5

/** Starts a proxy that connects to IPv4 addresses from a loopback address of its own, without a login. */
export const proxyFrom = (t: Ending, source: string): Promise<ScriptedProxy> =>
  scriptedProxy(t, async ({ socket, read }) => {
    const [, methods = 0] = await read(2)
    await read(methods)
    socket.write(SOCKS.welcome)
    await read(4)
    const host = [...(await read(4))].join('.')
    const port = (await read(2)).readUInt16BE()
    const out = connect({ host, port, localAddress: source })
    out.once('connect', () => {
      socket.write(SOCKS.granted)
      socket.pipe(out).pipe(socket)
    })
    out.once('error', () => socket.end(SOCKS.refused(CONNECTION_REFUSED)))
    out.once('close', () => socket.end())
    socket.once('close', () => out.destroy())
  })
