/** Sends bytes to a port without a pause, over several connections from several addresses. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One kind of flood. */
export interface Flood {
  readonly port: number
  readonly connections: number
  /** The address that a connection comes from. Default: 127.0.0.1. */
  readonly from?: (connection: number) => string
  /** Called with each open connection. Calls `sent` for everything that counts as one blow. */
  readonly strike: (socket: Socket, sent: () => void) => void
}

/** A client that is refused at once tries again after this time: an attacker has no more sources of its own. */
const AGAIN_MS = 20

/** Floods a port until `stop` is aborted. Returns the number of blows. */
export async function flood({ port, connections, from, strike }: Flood, stop: AbortSignal): Promise<number> {
  let blows = 0
  const sent = () => {
    blows += 1
  }
  const one = async (connection: number) => {
    while (!stop.aborted) {
      await new Promise<void>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', localAddress: from?.(connection) ?? '127.0.0.1' })
        const end = () => socket.destroy()
        stop.addEventListener('abort', end)
        socket.on('error', () => {})
        socket.once('close', () => {
          stop.removeEventListener('abort', end)
          resolve()
        })
        socket.once('connect', () => strike(socket, sent))
      })
      await sleep(AGAIN_MS)
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => one(connection)))
  return blows
}

/** Sends a text again and again, as fast as it is taken, and throws away what comes back. */
export const repeating =
  (text: string | Buffer): Flood['strike'] =>
  (socket, sent) => {
    const bytes = Buffer.from(text)
    const go = () => {
      while (!socket.destroyed && socket.writable) {
        sent()
        if (!socket.write(bytes)) return void socket.once('drain', go)
      }
    }
    socket.resume()
    go()
  }

/** Sends a text, waits for an answer that has these bytes, and sends it again. */
export const asking =
  (text: string, answered: string): Flood['strike'] =>
  (socket, sent) => {
    let read = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      read = read.slice(-answered.length) + chunk
      if (!read.includes(answered)) return
      read = ''
      sent()
      socket.write(text)
    })
    socket.write(text)
  }

/** Says nothing. */
export const idling: Flood['strike'] = (socket, sent) => {
  sent()
  socket.resume()
}

/** Sends a text one byte a second. */
export const trickling =
  (text: string): Flood['strike'] =>
  (socket, sent) => {
    sent()
    socket.resume()
    let at = 0
    const timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), 1_000)
    socket.once('close', () => clearInterval(timer))
  }

/** Waits for the greeting of a mail server before it strikes. */
export const greeted =
  (strike: Flood['strike']): Flood['strike'] =>
  (socket, sent) =>
    void socket.once('data', () => strike(socket, sent))
