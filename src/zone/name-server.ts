/** The name server of our zone: takes queries over UDP and TCP, and gives them to `answer`. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { parseAddress } from '../ip/address.ts'
import type { Endpoint } from '../ip/endpoint.ts'
import { LONGEST_QUERY, type Transport } from './answers.ts'
import { Rates, sourceOf } from './rates.ts'

export interface NameServerOptions extends Endpoint {
  /** Returns the answer to a message, or null for none. */
  answer(message: Buffer, over: Transport): Buffer | null
  readonly log: Log
  /** How long a TCP connection may be silent, and how long it may last. Tests use shorter times. */
  readonly idleMs?: number
  readonly lifetimeMs?: number
}

interface Log {
  warn(fields: object, message: string): void
}

/** The running name server. */
export interface NameServer {
  readonly port: number
  /** Closes the port and all connections. A second call only waits for the first one. */
  close(): Promise<void>
}

/** The queries of one source. A resolver asks about five times for one test, and keeps the answers for minutes. */
const QUERIES = { perSecond: 20, burst: 100 }
/** The TCP connections of everybody, and those of one source. */
const CONNECTIONS = 50
const CONNECTIONS_OF_SOURCE = 5
const LENGTH_BYTES = 2

/** Starts the name server. Rejects if it cannot listen there. With port 0, takes any port that is free for both. */
export async function startNameServer(options: NameServerOptions): Promise<NameServer> {
  const { log } = options
  const { udp, tcp } = await openBoth(options)
  const rates = new Rates(QUERIES.perSecond, QUERIES.burst)
  takeDatagrams(udp, rates, options)
  const sockets = takeConnections(tcp, rates, options)
  let closed: Promise<void> | null = null
  tcp.on('error', (error) => log.warn({ error: error.message }, 'the name server cannot take a connection'))
  return {
    port: udp.address().port,
    close: () => {
      closed ??= closeBoth(udp, tcp, sockets)
      return closed
    },
  }
}

async function closeBoth(udp: UdpSocket, tcp: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  await Promise.all([
    new Promise<void>((resolve) => udp.close(() => resolve())),
    new Promise<void>((resolve) => tcp.close(() => resolve())),
  ])
}

/** How often another free port is tried, because the same number is not free for TCP. */
const TRIES = 20

/** Opens the same port for UDP and for TCP. */
async function openBoth({ host, port }: Endpoint, triesLeft = TRIES): Promise<{ udp: UdpSocket; tcp: Server }> {
  const udp = createSocket(parseAddress(host)?.family === 6 ? 'udp6' : 'udp4')
  udp.bind(port, host)
  // Rejects if an error comes first.
  await once(udp, 'listening')
  const tcp = createServer()
  try {
    tcp.listen(udp.address().port, host)
    await once(tcp, 'listening')
    return { udp, tcp }
  } catch (error) {
    udp.close()
    if (port !== 0 || triesLeft === 0) throw error
    return openBoth({ host, port }, triesLeft - 1)
  }
}

/** Answers datagrams. A source that asks too often gets no answer. */
function takeDatagrams(udp: UdpSocket, rates: Rates, { answer, log }: NameServerOptions): void {
  udp.on('error', (error) => log.warn({ error: error.message }, 'the name server cannot read a query'))
  udp.on('message', (message: Buffer, { address, port }: RemoteInfo) => {
    // Nobody asks from port 0, and nothing can be sent there.
    if (port === 0 || !rates.allows(sourceOf(address))) return
    const reply = answer(message, 'udp')
    // An answer that cannot be sent is lost, as any datagram can be: the resolver asks again.
    if (reply !== null) udp.send(reply, port, address, () => {})
  })
}

/** Answers on connections. Closes those that ask too often, are silent, or send what is no query. */
function takeConnections(tcp: Server, rates: Rates, options: NameServerOptions): ReadonlySet<Socket> {
  const { answer, idleMs = 10_000, lifetimeMs = 60_000 } = options
  const sources = new Map<Socket, string>()
  const sockets = new Set<Socket>()
  tcp.on('connection', (socket) => {
    socket.on('error', () => {})
    const source = sourceOf(socket.remoteAddress ?? '')
    const own = [...sources.values()].filter((other) => other === source).length
    if (sockets.size >= CONNECTIONS || own >= CONNECTIONS_OF_SOURCE) return void socket.destroy()
    sockets.add(socket)
    sources.set(socket, source)
    const end = setTimeout(() => socket.destroy(), lifetimeMs)
    socket.setTimeout(idleMs, () => socket.destroy())
    socket.once('close', () => {
      clearTimeout(end)
      sockets.delete(socket)
      sources.delete(socket)
    })
    let held = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= LENGTH_BYTES) {
        const end = LENGTH_BYTES + held.readUInt16BE(0)
        if (end > LENGTH_BYTES + LONGEST_QUERY) return void socket.destroy()
        if (held.length < end) return
        const reply = rates.allows(source) ? answer(held.subarray(LENGTH_BYTES, end), 'tcp') : null
        if (reply === null) return void socket.destroy()
        const length = Buffer.alloc(LENGTH_BYTES)
        length.writeUInt16BE(reply.length)
        socket.write(Buffer.concat([length, reply]))
        held = held.subarray(end)
      }
    })
  })
  return sockets
}
