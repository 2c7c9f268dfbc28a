/**
 * The scripted mail server of the tests. It reads lines and closes the connection after QUIT. The script decides
 * everything else: relaying, refusals, faults and delays.
 */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { Ending } from './service.ts'

/** Reply lines without CRLF, or bytes that are sent as they are. Null sends nothing. */
export type Said = string | readonly string[] | Buffer | null

/** Returns the reply to a line as text: enough for most scripts. */
export type Say = (line: string, session: ScriptedSession) => string | readonly string[] | null

/** One connection, as the server sees it. */
export interface ScriptedSession {
  /** The TCP connection until STARTTLS, then the encrypted one. */
  socket: Socket
  /** From 1. */
  readonly connection: number
  /** The address that was dialled: the local end of the connection. */
  readonly address: string
  /** When it was opened, in milliseconds of Date.now(). */
  readonly at: number
  /** All bytes received so far, as latin1. Empty if the script has `keepsNothing`. */
  bytes: string
  /** The lines of the last message, without dot-stuffing and final dot. */
  message: string[]
  /** Set by a script that stops answering. Later data is thrown away. */
  deaf: boolean
  /** Continues the connection in TLS (RFC 3207). */
  startTls(context: SecureContext): void
}

export interface Script {
  /** Null sends no greeting. */
  readonly greeting?: Said | ((session: ScriptedSession) => Said | Promise<Said>)
  /** Returns the reply to a line. Called for the final dot of a message, but not for its other lines. */
  readonly say: (line: string, session: ScriptedSession) => Said | Promise<Said>
  /** Called for each connection, after the greeting. */
  readonly connected?: (session: ScriptedSession) => void
  /** Answers in one write all lines that arrived together, as a fast server does. */
  readonly inGroups?: boolean
  /** Records nothing, for a server that receives millions of lines. */
  readonly keepsNothing?: boolean
  /** Keeps the connection open after a QUIT without an answer, and may send data after the client's FIN. */
  readonly lingers?: boolean
}

/** The hosts and the port of a server. Default: a free port of 127.0.0.1. */
export interface Place {
  readonly hosts?: readonly string[]
  readonly port?: number
}

export interface ScriptedServer {
  readonly port: number
  /** Every line received so far, message lines included. */
  readonly lines: readonly string[]
  /** Each received segment as text: shows which commands were pipelined. */
  readonly segments: readonly string[]
  readonly sessions: readonly ScriptedSession[]
  /** How many connections there were. */
  readonly connections: number
  /** The number of connections that are open. */
  open(): number
}

const GREETING = '220 mail.example.com ESMTP'

/** The replies of a plain server: it accepts everything. A test overrides the replies that it is about. */
export function healthy(line: string): string | string[] {
  const [verb = ''] = line.toUpperCase().split(' ')
  if (verb === 'EHLO') return ['250-mail.example.com', '250-PIPELINING', '250 ENHANCEDSTATUSCODES']
  if (verb === 'DATA') return '354 go ahead'
  if (verb === 'QUIT') return '221 2.0.0 Bye'
  return '250 2.0.0 Ok'
}

/** Starts a mail server that follows the script. It ends with the test. */
export async function scriptedServer(t: Ending, script: Script, place: Place = {}): Promise<ScriptedServer> {
  const { hosts = ['127.0.0.1'], port = 0 } = place
  const heard = { lines: [] as string[], segments: [] as string[], sessions: [] as ScriptedSession[] }
  const open = new Set<Socket>()
  let connections = 0
  const serve = (socket: Socket): void => {
    connections += 1
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    const session = startSession(socket, script, connections, script.keepsNothing ? null : heard)
    if (!script.keepsNothing) heard.sessions.push(session)
  }
  const servers: Server[] = []
  let bound = port
  for (const host of hosts) {
    const server = createServer({ allowHalfOpen: script.lingers === true, noDelay: true }, serve)
    server.listen({ host, port: bound, backlog: 4096, ipv6Only: true })
    await once(server, 'listening')
    servers.push(server)
    const address = server.address()
    if (typeof address === 'object' && address) bound = address.port
  }
  t.after(() => {
    for (const socket of open) socket.destroy()
    for (const server of servers) server.close()
  })
  return {
    port: bound,
    ...heard,
    get connections() {
      return connections
    },
    open: () => open.size,
  }
}

const bytesOf = (said: string | readonly string[] | Buffer): Buffer =>
  Buffer.isBuffer(said)
    ? said
    : Buffer.from(
        [said]
          .flat()
          .map((line) => `${line}\r\n`)
          .join(''),
        'latin1',
      )

/** Serves one connection until the client or the script ends it. */
function startSession(
  wire: Socket,
  script: Script,
  connection: number,
  heard: { readonly lines: string[]; readonly segments: string[] } | null,
): ScriptedSession {
  let rest = ''
  let inMessage = false
  let isBusy = false
  let group: Buffer[] = []

  const write = (said: Said): void => {
    if (said === null) return
    group.push(bytesOf(said))
    if (!script.inGroups) flush()
  }
  const flush = (): void => {
    if (group.length > 0 && session.socket.writable) session.socket.write(Buffer.concat(group))
    group = []
  }
  /** Calls `then` with a reply: immediately, or when its promise resolves. */
  const whenSaid = (said: Said | Promise<Said>, then: (said: Said) => void): void => {
    if (!(said instanceof Promise)) {
      then(said)
      return
    }
    isBusy = true
    const goOn = (late: Said) => {
      isBusy = false
      then(late)
      readLines()
    }
    said.then(goOn, () => wire.destroy())
  }
  const answer = (line: string, said: Said): void => {
    write(said)
    inMessage = /^DATA$/i.test(line) && said !== null && bytesOf(said).toString('latin1', 0, 3) === '354'
    if (inMessage) session.message = []
    const mayLeave = !script.lingers || (said !== null && !session.deaf)
    if (/^QUIT$/i.test(line) && mayLeave) {
      flush()
      session.socket.end()
    }
  }
  const readLines = (): void => {
    for (let end = rest.indexOf('\r\n'); end !== -1 && !isBusy && !session.deaf; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      heard?.lines.push(line)
      if (inMessage && line !== '.') session.message.push(line.replace(/^\./, ''))
      else whenSaid(script.say(line, session), (said) => answer(line, said))
    }
    flush()
  }
  const listen = (): void => {
    session.socket.on('data', (chunk: Buffer) => {
      if (session.deaf) return
      const text = chunk.toString('latin1')
      if (heard !== null) {
        session.bytes += text
        heard.segments.push(text)
      }
      rest += text
      readLines()
    })
    if (script.lingers) session.socket.on('end', () => session.socket.end())
  }
  const session: ScriptedSession = {
    socket: wire,
    connection,
    address: wire.localAddress ?? '',
    at: Date.now(),
    bytes: '',
    message: [],
    deaf: false,
    startTls(secureContext) {
      wire.removeAllListeners('data').removeAllListeners('end')
      session.socket = new TLSSocket(wire, { isServer: true, secureContext })
      session.socket.on('error', () => wire.destroy())
      rest = ''
      listen()
    },
  }
  const { greeting = GREETING } = script
  listen()
  whenSaid(typeof greeting === 'function' ? greeting(session) : greeting, (said) => {
    write(said)
    flush()
    script.connected?.(session)
  })
  return session
}
