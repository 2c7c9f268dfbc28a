import { createServer, type Socket } from 'node:net'
import { listening } from './listening.ts'
import { closed } from './mail-scripts.ts'
import type { Ending } from './service.ts'

/** A mail server on every loopback address, one port: it relays for nobody, and tells each client which address it came to. */
export interface ManyAddresses {
  readonly port: number
  /** How many connections stand. */
  readonly connections: number
  /** Keeps every answer to RCPT from now on. */
  hold(): void
  /** How many answers are kept. */
  readonly held: number
  release(): void
}

/** Starts it; it ends with the test. */
export async function everyAddress(t: Ending): Promise<ManyAddresses> {
  const sockets = new Set<Socket>()
  let kept: (() => void)[] | null = null
  const server = createServer((socket) => {
    const mark = `at ${socket.localAddress}`
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const say = (line: string) => {
      const [said = ''] = [closed(line, { socket, connection: 0 }) ?? ''].flat()
      socket.write(`${said} ${mark}\r\n`)
      if (line === 'QUIT') socket.end()
    }
    let rest = ''
    socket.on('data', (chunk) => {
      const lines = `${rest}${chunk.toString('latin1')}`.split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (kept && line.startsWith('RCPT')) kept.push(() => say(line))
        else say(line)
      }
    })
    socket.write(`220 mail.example.com ${mark}\r\n`)
  })
  const port = await listening(t, server, sockets, '0.0.0.0')
  return {
    port,
    get connections() {
      return sockets.size
    },
    hold() {
      kept = []
    },
    get held() {
      return kept?.length ?? 0
    },
    release() {
      const answers = kept ?? []
      kept = null
      for (const answer of answers) answer()
    },
  }
}
