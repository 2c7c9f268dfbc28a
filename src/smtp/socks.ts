import type { Socket } from 'node:net'
import { type Address, addressOf } from '../ip/address.ts'

/** A SOCKS5 proxy (RFC 1928), as it is configured: by its address, since a name could lead elsewhere tomorrow. */
export interface SocksProxy {
  readonly address: Address
  readonly port: number
  /** User and password (RFC 1929), 1 to 255 bytes each; null where it asks for none. Never to be shown or logged. */
  readonly login: { readonly user: string; readonly password: string } | null
}

/** The proxy did not do its part; the message says how, without a word about where it is. */
export class ProxyFault extends Error {}

const VERSION = 5
const NO_LOGIN = 0
const LOGIN = 2
const LOGIN_VERSION = 1
const CONNECT = 1
const IPV4 = 1
const NAME = 3
const IPV6 = 4
const GRANTED = 0

/**
 * The bytes that ask for a connection to an address, which they hold as such: there is nothing for a proxy to look up.
 */
export function connectRequest({ family, value }: Address, port: number): Buffer {
  const length = family === 4 ? 4 : 16
  const bytes = Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
  return Buffer.from([VERSION, CONNECT, 0, family === 4 ? IPV4 : IPV6, ...bytes, port >> 8, port & 255])
}

/** The address that the bytes of a request hold. */
export function destinationIn(request: Buffer): Address {
  const value = BigInt(`0x${request.subarray(4, -2).toString('hex')}`)
  return addressOf(request[3] === IPV4 ? 4 : 6, value)
}

/**
 * What is said to the proxy behind a socket. Every method throws ProxyFault where it does not do its part. One dialogue
 * lasts from begin to end: a socket whose `readable` listeners come and go may wake none of them (Node 20).
 */
export class SocksDialogue {
  readonly socket: Socket
  #wake = () => {}
  readonly #more = () => this.#wake()

  constructor(socket: Socket) {
    this.socket = socket
    for (const event of EVENTS) socket.on(event, this.#more)
  }

  /** Leaves the socket to others, with all that was not read. */
  end(): void {
    for (const event of EVENTS) this.socket.off(event, this.#more)
  }

  /** Agrees on a method, and logs in where that is configured. */
  async introduce({ login }: SocksProxy): Promise<void> {
    const wanted = login ? LOGIN : NO_LOGIN
    this.socket.write(Buffer.from([VERSION, 1, wanted]))
    const [version, method] = await this.#take(2)
    if (version !== VERSION) throw new ProxyFault('speaks no SOCKS5')
    if (method !== wanted) throw new ProxyFault(login ? 'takes no password' : 'asks for a password')
    if (!login) return
    const [user, password] = [Buffer.from(login.user), Buffer.from(login.password)]
    const words = [Buffer.from([LOGIN_VERSION, user.length]), user, Buffer.from([password.length]), password]
    this.socket.write(Buffer.concat(words))
    const [, status] = await this.#take(2)
    if (status !== GRANTED) throw new ProxyFault('does not know our password')
  }

  /**
   * Asks for a connection and reads the whole answer: what follows comes from the target. Resolves with the reply code
   * of RFC 1928 section 6, 0 where the connection stands.
   */
  async connect(address: Address, port: number): Promise<number> {
    const request = connectRequest(address, port)
    if (destinationIn(request).text !== address.text) {
      throw new Error(`${address.text} would reach the proxy as another address`)
    }
    this.socket.write(request)
    const [version, code = GRANTED, , type] = await this.#take(4)
    if (version !== VERSION) throw new ProxyFault('speaks no SOCKS5')
    // Where it connects from is of no use, as many do not tell; after a refusal some leave it out.
    if (code !== GRANTED) return code
    const length = type === NAME ? ((await this.#take(1))[0] ?? 0) : type === IPV6 ? 16 : 4
    await this.#take(length + 2)
    return code
  }

  async #take(length: number): Promise<Buffer> {
    for (;;) {
      const chunk: Buffer | null = this.socket.read(length)
      // At the end of a stream fewer bytes are given than were asked for.
      if (chunk?.length === length) return chunk
      if (chunk !== null || this.socket.readableEnded || this.socket.destroyed) throw new ProxyFault('hung up')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** All that may end the wait for bytes. */
const EVENTS = ['readable', 'end', 'close', 'error'] as const
