/** Speaks SOCKS5 (RFC 1928) with a proxy. */
import type { Socket } from 'node:net'
import { type Address, addressOf } from '../ip/address.ts'

/** A SOCKS5 proxy (RFC 1928). It has an address and no name, because a name can change its address. */
export interface SocksProxy {
  readonly address: Address
  readonly port: number
  /** User and password (RFC 1929), 1 to 255 bytes each; null if the proxy needs none. Never show or log them. */
  readonly login: { readonly user: string; readonly password: string } | null
}

/** Thrown if the proxy fails. The message says how, and never contains the address of the proxy. */
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

/** Returns a request to connect. It contains the bytes of the address, so the proxy looks up nothing. */
export function connectRequest({ family, value }: Address, port: number): Buffer {
  const length = family === 4 ? 4 : 16
  const bytes = Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
  return Buffer.from([VERSION, CONNECT, 0, family === 4 ? IPV4 : IPV6, ...bytes, port >> 8, port & 255])
}

/** Returns the address in a request. */
function destinationIn(request: Buffer): Address {
  const value = BigInt(`0x${request.subarray(4, -2).toString('hex')}`)
  return addressOf(request[3] === IPV4 ? 4 : 6, value)
}

/**
 * The dialogue with the proxy behind a socket. Every method throws ProxyFault if the proxy fails. Use one dialogue for
 * the whole conversation: in Node.js 20, a socket whose `readable` listeners come and go may call none of them.
 */
export class SocksDialogue {
  readonly socket: Socket
  #wake = () => {}
  readonly #more = () => this.#wake()

  constructor(socket: Socket) {
    this.socket = socket
    for (const event of EVENTS) socket.on(event, this.#more)
  }

  /** Ends the dialogue. The socket keeps everything that was not read. */
  end(): void {
    for (const event of EVENTS) this.socket.off(event, this.#more)
  }

  /** Agrees on a method, and logs in if there is a password. */
  async introduce({ login }: SocksProxy): Promise<void> {
    const wanted = login ? LOGIN : NO_LOGIN
    this.socket.write(Buffer.from([VERSION, 1, wanted]))
    const [version, method] = await this.#take(2)
    if (version !== VERSION) throw new ProxyFault('does not speak SOCKS5')
    if (method !== wanted) throw new ProxyFault(login ? 'accepts no password' : 'asks for a password')
    if (!login) return
    const [user, password] = [Buffer.from(login.user), Buffer.from(login.password)]
    const words = [Buffer.from([LOGIN_VERSION, user.length]), user, Buffer.from([password.length]), password]
    this.socket.write(Buffer.concat(words))
    const [, status] = await this.#take(2)
    if (status !== GRANTED) throw new ProxyFault('does not know our password')
  }

  /**
   * Asks for a connection and reads the whole answer. Bytes after it come from the target. Resolves with the reply code
   * of RFC 1928 section 6: 0 means connected.
   */
  async connect(address: Address, port: number): Promise<number> {
    const request = connectRequest(address, port)
    if (destinationIn(request).text !== address.text) {
      throw new Error(`${address.text} would reach the proxy as another address`)
    }
    this.socket.write(request)
    const [version, code = GRANTED, , type] = await this.#take(4)
    if (version !== VERSION) throw new ProxyFault('does not speak SOCKS5')
    // We ignore the bound address. Many proxies do not tell it, and some leave it out after a refusal.
    if (code !== GRANTED) return code
    const length = type === NAME ? ((await this.#take(1))[0] ?? 0) : type === IPV6 ? 16 : 4
    await this.#take(length + 2)
    return code
  }

  async #take(length: number): Promise<Buffer> {
    for (;;) {
      const chunk: Buffer | null = this.socket.read(length)
      // At the end of a stream, read() can return fewer bytes.
      if (chunk?.length === length) return chunk
      if (chunk !== null || this.socket.readableEnded || this.socket.destroyed) throw new ProxyFault('hung up')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

/** Every event that can end the wait for bytes. */
const EVENTS = ['readable', 'end', 'close', 'error'] as const
