/** An SMTP client that sends one command at a time and waits long, to find out whether a server relays. */
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { LabServer } from './instance.ts'

export interface Reply {
  readonly code: number
  readonly text: string
}

export interface PatientClient {
  /** Sends a command, if any, and returns the next reply; null if the server has hung up or the time is over. */
  ask(command?: string): Promise<Reply | null>
  startTls(): void
  close(): void
}

const REPLY = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/

/** Connects to a server, and waits for each reply until the deadline. On port 465, TLS begins with the first byte. */
export function patientClient(
  { address, port }: Pick<LabServer, 'address' | 'port'>,
  localAddress: string,
  deadline: number,
): PatientClient {
  const tcp = connect({ host: address, port, localAddress })
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
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      received += text
      wake()
    })
    socket.on('error', end).on('end', end)
  }
  const encrypt = () => listen(connectTls({ socket: tcp, rejectUnauthorized: false }))
  if (port === 465) encrypt()
  else listen(tcp)
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
    startTls() {
      tcp.removeAllListeners('data')
      encrypt()
    },
    close() {
      clearTimeout(timer)
      socket.destroy()
      tcp.destroy()
    },
  }
}
