import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { listening } from './listening.ts'

/**
 * What a scripted server says to a line: reply lines without CRLF, or nothing at all. A line within a message is not
 * asked about, but the final dot is.
 */
export type Say = (line: string, session: ScriptedSession) => string | readonly string[] | null

export interface ScriptedSession {
  readonly socket: Socket
  /** From 1. */
  readonly connection: number
}

export interface ScriptedServer {
  readonly port: number
  /** Every line received so far, message lines included. */
  readonly lines: readonly string[]
  /** What came in one segment, as text: shows what was pipelined. */
  readonly segments: readonly string[]
  /** How many connections there were. */
  readonly connections: number
}

export interface Script {
  /** Null greets with nothing. */
  readonly greeting?: string | readonly string[] | null
  readonly say: Say
  /** Called for each connection, after the greeting. */
  readonly connected?: (session: ScriptedSession) => void
}

/** The replies of a plain server: everything is taken, DATA answered by 354. Tests override what they are about. */
export function healthy(line: string): string | string[] {
  const [verb = ''] = line.toUpperCase().split(' ')
  if (verb === 'EHLO') return ['250-mail.example.com', '250-PIPELINING', '250 ENHANCEDSTATUSCODES']
  if (verb === 'DATA') return '354 go ahead'
  if (verb === 'QUIT') return '221 2.0.0 Bye'
  return '250 2.0.0 Ok'
}

/** Starts an SMTP server on 127.0.0.1 that says what the script says, and ends with the test. */
export async function scriptedServer(
  t: TestContext,
  { greeting = '220 mail.example.com ESMTP', say, connected }: Script,
): Promise<ScriptedServer> {
  const lines: string[] = []
  const segments: string[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    const session: ScriptedSession = { socket, connection: connections }
    const write = (said: string | readonly string[] | null) => {
      if (said !== null && socket.writable)
        socket.write(
          [said]
            .flat()
            .map((line) => `${line}\r\n`)
            .join(''),
          'latin1',
        )
    }
    let rest = ''
    let inMessage = false
    socket.on('data', (chunk) => {
      segments.push(chunk.toString('latin1'))
      rest += chunk.toString('latin1')
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        lines.push(line)
        if (inMessage && line !== '.') continue
        inMessage = false
        const said = say(line, session)
        write(said)
        if ([said].flat()[0]?.startsWith('354')) inMessage = true
        if (line.toUpperCase() === 'QUIT') socket.end()
      }
    })
    write(greeting)
    connected?.(session)
  })
  const port = await listening(t, server, sockets)
  return {
    port,
    lines,
    segments,
    get connections() {
      return connections
    },
  }
}
