/** An SMTP client that sends one command at a time and waits long, to find out whether a server relays. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Reply {
  readonly code: number
  readonly text: string
}

export interface PatientClient {
  /** Sends a command, if any, and returns the next reply; null if the server has hung up or the time is over. */
  ask(command?: string): Promise<Reply | null>
  startTls(): Promise<void>
  close(): void
}

const REPLY = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/

/** Connects to a server, and waits for each reply until the deadline. */
export function patientClient(host: string, localAddress: string, deadline: number): PatientClient {
  const tcp = connect({ host, port: 25, localAddress })
  let socket: Socket = tcp
  let received = ''
  let over = false
  let wake = () => {}
  const end = () => {
    over = true
    wake()
  }
  const timer = setTimeout(end, deadline - Date.now())
  const listen = (to: Socket) => {
    socket = to
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      received += text
      wake()
    })
    socket.on('error', end).on('end', end)
  }
  listen(tcp)
  return {
    async ask(command) {
      if (command !== undefined && !over) socket.write(`${command}\r\n`)
      for (;;) {
        const reply = REPLY.exec(received)
        if (reply !== null) {
          received = received.slice(reply[0].length)
          return { code: Number(reply[1]), text: reply[0].trimEnd().replaceAll('\r\n', ' / ') }
        }
        if (over) return null
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async startTls() {
      tcp.removeAllListeners('data')
      const tls = connectTls({ socket: tcp, rejectUnauthorized: false })
      listen(tls)
    },
    close() {
      clearTimeout(timer)
      socket.destroy()
      tcp.destroy()
    },
  }
}
