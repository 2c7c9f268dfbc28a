/** A mail client that sends to our own mailbox, line by line. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { inTime, until } from '../harness/waiting.ts'

/** A mail client that sends exactly what it is told to. */
export interface Client {
  /** The next complete reply, its lines joined by newlines. */
  reply(): Promise<string>
  /** Sends one command and returns the reply to it. */
  say(command: string): Promise<string>
  /** Sends bytes as they are. */
  write(bytes: string | Buffer): void
  /** Waits until the server has hung up, and returns what it said since the last reply that was read. */
  hungUp(patienceMs?: number): Promise<string>
  /** Leaves without a word. */
  leave(): void
}

export interface ConnectOptions {
  /** Which address of loopback the client comes from. */
  readonly localAddress?: string
  /** Stays when the server says goodbye, until the connection is broken. */
  readonly stubborn?: boolean
}

/** Connects to a port on loopback; the greeting is the first reply. */
export async function connectTo(
  port: number,
  { localAddress = '127.0.0.1', stubborn = false }: ConnectOptions = {},
): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: stubborn })
  let unread = ''
  let closed = false
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    unread += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  await inTime('a connection', once(socket, 'connect'))

  const nextReply = () =>
    until('a reply', () => {
      const [whole] = unread.match(/^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/) ?? []
      if (whole === undefined) {
        if (closed) throw new Error(`the server hung up; unread: ${JSON.stringify(unread)}`)
        return null
      }
      unread = unread.slice(whole.length)
      return whole.trimEnd().replaceAll('\r\n', '\n')
    })

  return {
    reply: nextReply,
    say(command) {
      socket.write(`${command}\r\n`)
      return nextReply()
    },
    write(bytes) {
      socket.write(bytes)
    },
    async hungUp(patienceMs) {
      await until('the server hangs up', () => closed, patienceMs)
      return unread
    },
    leave() {
      socket.destroy()
    },
  }
}
