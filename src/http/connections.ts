/**
 * Watches the connections of the HTTP server. Bounds how many there are, so that strangers cannot use up the file
 * descriptors that tests need, and finds those that may be closed.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { canonicalNetwork, parseAddress } from '../ip/address.ts'
import { contains, prefixOf } from '../ip/prefix.ts'

/** How many connections there may be. */
export interface ConnectionLimits {
  /** In all. */
  readonly all: number
  /** From one address (one /64 of IPv6), as long as they have sent no valid key. */
  readonly withoutKey: number
  /** Networks of proxies, in CIDR notation. A proxy brings many callers, so only the limit of all counts for it. */
  readonly proxies: readonly string[]
}

interface Watched {
  readonly source: string
  /** Since when the client has no open request, by the clock of this class: since the start, or the last answer. */
  idleSince: number
  /** Whether a request with a valid key came on it. */
  hasKey: boolean
  /** The request that has no answer yet; null if there is none. */
  incoming: IncomingMessage | null
  /** The number of bytes that had come when the last request was answered. */
  bytes: number
  /** When the client last took bytes of its answers, and how many by then; null if no bytes wait for it. */
  unread: { readonly since: number; readonly taken: number } | null
}

/** How long a connection has for its next request before it counts as idle, in milliseconds. */
const TIME_TO_ASK_MS = 2_000
/** The longest time that passes on the clock of connections in one turn of the process, in milliseconds. */
const TURN_MS = 100

/** The highest cost of closing a connection: a caller waits for an answer on it. */
const CALLER_WAITS = 3

export class CallerConnections {
  /** The oldest first. */
  readonly #watched = new Map<Socket, Watched>()
  readonly #limits: ConnectionLimits
  readonly #isProxy: (source: string) => boolean
  #clock = 0
  #turnedAt = performance.now()
  /** The sources that are trimmed again in a moment. */
  readonly #trimming = new Set<string>()

  constructor(server: Server, limits: ConnectionLimits) {
    this.#limits = limits
    const networks = limits.proxies.map(prefixOf)
    this.#isProxy = (source) => {
      const address = parseAddress(source)
      return address !== null && networks.some((network) => contains(network, address))
    }
    setInterval(() => {
      this.#clock = this.#now
      this.#turnedAt = performance.now()
    }, TURN_MS).unref()
    server.on('connection', (socket) => this.#opened(socket))
    server.on('request', (request, response) => {
      const one = this.#watched.get(request.socket)
      if (!one) return
      one.incoming = request
      response.once('close', () => {
        one.incoming = null
        one.idleSince = this.#now
        one.bytes = request.socket.bytesRead
      })
    })
  }

  /** Notes that a connection belongs to a caller with a valid key. */
  authenticated(socket: Socket): void {
    const one = this.#watched.get(socket)
    if (one) one.hasKey = true
  }

  /** Returns the connections that have not sent a whole request. */
  incomplete(): Socket[] {
    return this.#those(({ incoming }) => incoming === null || !incoming.complete)
  }

  /** Returns the connections that have sent no part of a request. */
  silent(): Socket[] {
    return this.#those(({ incoming, bytes }, socket) => incoming === null && socket.bytesRead === bytes)
  }

  /**
   * Returns the connections whose client has taken nothing of its answers for `ms` milliseconds, as far as earlier
   * calls saw it. A client that reads slowly is not among them. Node.js counts each part of an answer as a whole: a
   * client must take one within that time.
   */
  unread(ms: number): Socket[] {
    const now = performance.now()
    for (const [socket, one] of this.#watched) {
      const taken = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0) one.unread = null
      else if (one.unread === null || taken > one.unread.taken) one.unread = { since: now, taken }
    }
    return this.#those(({ unread }) => unread !== null && now - unread.since >= ms)
  }

  /**
   * Returns the time in milliseconds, by a clock that stops while the process is busy. Otherwise a connection would
   * look idle although its request has arrived and only waits to be read.
   */
  get #now(): number {
    return this.#clock + Math.min(performance.now() - this.#turnedAt, TURN_MS)
  }

  #opened(socket: Socket): void {
    // Each pipelined request adds a listener, and there may be many.
    socket.setMaxListeners(0)
    const source = sourceOf(socket)
    this.#watched.set(socket, {
      source,
      idleSince: this.#now,
      hasKey: false,
      incoming: null,
      bytes: 0,
      unread: null,
    })
    socket.once('close', () => this.#watched.delete(socket))
    if (!this.#isProxy(source)) this.#trim(source)
    if (this.#watched.size > this.#limits.all) this.#makeRoom(socket, [...this.#watched.keys()])
  }

  /**
   * Closes the connections of a source that has too many without a key, the longest idle first. A caller's new
   * connection has no key yet, and a probe of livez never has one, so each gets a moment for its next request.
   */
  #trim(source: string): void {
    const strangers = [...this.#watched].filter(([, one]) => one.source === source && !one.hasKey)
    const before = this.#now - TIME_TO_ASK_MS
    const idle = strangers
      .filter(([, { incoming, idleSince }]) => incoming === null && idleSince <= before)
      .sort(([, one], [, other]) => one.idleSince - other.idleSince)
    const tooMany = strangers.length - this.#limits.withoutKey
    for (const [victim] of idle.slice(0, Math.max(0, tooMany))) {
      this.#watched.delete(victim)
      victim.destroy()
    }
    if (tooMany <= idle.length || this.#trimming.has(source)) return
    this.#trimming.add(source)
    const again = () => {
      this.#trimming.delete(source)
      this.#trim(source)
    }
    setTimeout(again, TIME_TO_ASK_MS).unref()
  }

  /**
   * Closes the oldest connection of those that cost their client least. Closes the new one if a caller waits for an
   * answer on every other connection.
   */
  #makeRoom(newest: Socket, sockets: readonly Socket[]): void {
    const others = sockets.filter((socket) => socket !== newest)
    const costs = others.map((socket) => this.#costOf(socket))
    const least = Math.min(...costs, CALLER_WAITS)
    const victim = least === CALLER_WAITS ? newest : (others[costs.indexOf(least)] ?? newest)
    this.#watched.delete(victim)
    victim.destroy()
  }

  /** Returns what it costs a client to lose its connection: nothing, a request, a connection with a key, or both. */
  #costOf(socket: Socket): number {
    const one = this.#watched.get(socket)
    return (one?.hasKey ? 2 : 0) + (one?.incoming ? 1 : 0)
  }

  #those(are: (one: Watched, socket: Socket) => boolean): Socket[] {
    return [...this.#watched].filter(([socket, one]) => are(one, socket)).map(([socket]) => socket)
  }
}

/** Returns the source that connections are counted by: an IPv4 address, or the /64 of an IPv6 address. */
function sourceOf({ remoteAddress = '' }: Socket): string {
  const text = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  const address = parseAddress(text)
  return address?.family === 6 ? canonicalNetwork(address) : text
}
