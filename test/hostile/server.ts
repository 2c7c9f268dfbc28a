import { readFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls'
import type { Ending } from '../harness/service.ts'

/** Where in a dialogue something happens, in its order. */
export const MOMENTS = [
  'connect',
  'greeting',
  'EHLO',
  'STARTTLS',
  'handshake',
  'second EHLO',
  'MAIL',
  'RCPT',
  'DATA',
  'final dot',
  'RSET',
  'QUIT',
] as const
export type Moment = (typeof MOMENTS)[number]

/** One connection, as the server sees it. */
export interface Peer {
  /** From 1. */
  readonly connection: number
  /** The TCP connection. */
  readonly wire: Socket
  /** The same until STARTTLS, then the encrypted one. */
  socket: Socket
  secure: boolean
  /** What this connection has said so far, lines of messages left out. */
  readonly heard: string[]
  /** Set where the server answers nothing any more; what still comes is thrown away. */
  deaf: boolean
  /** Writes as it stands (one byte a character), as long as there is somebody to write to. */
  say(text: string | Buffer): void
}

/**
 * What a server says at a moment, line ends included; null for nothing, undefined for the usual. It may do anything to
 * the peer besides.
 */
export type Script = (moment: Moment, peer: Peer, line: string) => string | Buffer | null | undefined

export interface Usual {
  /** Whom it relays for; `plain` takes outside recipients, but no percent hack. */
  readonly relays: 'nobody' | 'plain'
  /** Whether it talks to strangers only in TLS. */
  readonly tls: boolean
  readonly pipelining: boolean
}

export interface HostileServer {
  readonly port: number
  readonly peers: readonly Peer[]
  /** How many connections the server has not seen the end of. */
  open(): number
}

export interface HostileOptions extends Partial<Usual> {
  readonly script: Script
  readonly host?: string
  /** Any free one, unless given. */
  readonly port?: number
  readonly certificate?: SecureContextOptions
}

const pem = (name: string): string => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8')

/** Ran out years ago, and is made out to a name full of escape sequences, markup and bidi marks. */
export const EXPIRED: SecureContextOptions = { key: pem('key'), cert: pem('expired') }

const CLOSED: Usual = { relays: 'nobody', tls: false, pipelining: false }

/** What a server in good order says; the script of a test comes before it. */
function usual(moment: Moment, peer: Peer, line: string, { relays, tls, pipelining }: Usual): string {
  const demandsTls = tls && !peer.secure
  switch (moment) {
    case 'connect':
    case 'handshake':
      return ''
    case 'greeting':
      return '220 mail.example.com ESMTP\r\n'
    case 'EHLO':
    case 'second EHLO': {
      const offers = [...(demandsTls ? ['STARTTLS'] : []), ...(pipelining ? ['PIPELINING'] : [])]
      return `${['250-mail.example.com', ...offers.map((offer) => `250-${offer}`), '250 HELP'].join('\r\n')}\r\n`
    }
    case 'STARTTLS':
      return '220 2.0.0 Ready to start TLS\r\n'
    case 'MAIL':
      return demandsTls ? '530 5.7.0 Must issue a STARTTLS command first\r\n' : '250 2.1.0 Ok\r\n'
    case 'RCPT':
      return relays === 'plain' && !line.includes('%') ? '250 2.1.5 Ok\r\n' : '554 5.7.1 Relay access denied\r\n'
    case 'DATA':
      return '354 Go ahead\r\n'
    case 'final dot':
      return '250 2.0.0 Ok: queued\r\n'
    case 'RSET':
      return '250 2.0.0 Ok\r\n'
    case 'QUIT':
      return '221 2.0.0 Bye\r\n'
  }
}

/** Starts an SMTP server on loopback that misbehaves as its script says; it ends with the test. */
export async function hostileServer(t: Ending, options: HostileOptions): Promise<HostileServer> {
  const { script, host = '127.0.0.1', port = 0, certificate = EXPIRED } = options
  const habits: Usual = { ...CLOSED, ...options }
  const peers: Peer[] = []
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => open.delete(socket))
    const peer: Peer = {
      connection: peers.length + 1,
      wire: socket,
      socket,
      secure: false,
      heard: [],
      deaf: false,
      say,
    }
    peers.push(peer)
    function say(text: string | Buffer): void {
      if (peer.socket.writable) peer.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
    }
    const at = (moment: Moment, line = ''): string | Buffer | null => {
      if (peer.deaf) return null
      const said = script(moment, peer, line)
      return said === undefined ? usual(moment, peer, line, habits) : said
    }
    converse(peer, at, certificate)
  })
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { port: address.port, peers, open: () => open.size }
}

type At = (moment: Moment, line?: string) => string | Buffer | null

/** Reads commands and says what `at` says to them, until STARTTLS takes the socket over. */
function converse(peer: Peer, at: At, certificate: SecureContextOptions): void {
  let rest = ''
  let inMessage = false
  const answer = (moment: Moment, line?: string): string | Buffer | null => {
    const said = at(moment, line)
    if (said !== null) peer.say(said)
    return said
  }
  const listen = () => {
    peer.socket.on('data', read)
    // Half-open connections are allowed, so that a script may go on after a FIN of ours; the usual is to end as well.
    peer.socket.on('end', () => peer.socket.end())
  }
  const read = (chunk: Buffer): void => {
    if (peer.deaf) return
    rest += chunk.toString('latin1')
    for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 2)
      if (inMessage && line !== '.') continue
      peer.heard.push(line)
      const moment = momentOf(line, peer.secure)
      inMessage = false
      const said = answer(moment, line)
      inMessage = moment === 'DATA' && String(said).startsWith('354')
      if (moment === 'QUIT' && said !== null && !peer.deaf) peer.socket.end()
      if (moment === 'STARTTLS' && String(said).startsWith('220')) {
        secure()
        return
      }
    }
  }
  const secure = (): void => {
    if (answer('handshake') !== '') return
    peer.wire.removeAllListeners('data').removeAllListeners('end')
    const socket = new TLSSocket(peer.wire, { isServer: true, secureContext: createSecureContext(certificate) })
    socket.on('error', () => peer.wire.destroy())
    peer.socket = socket
    peer.secure = true
    rest = ''
    listen()
  }
  listen()
  if (answer('connect') === '') answer('greeting')
}

function momentOf(line: string, secure: boolean): Moment {
  const [verb = ''] = line.toUpperCase().split(' ')
  if (verb === 'EHLO' || verb === 'HELO') return secure ? 'second EHLO' : 'EHLO'
  if (verb === '.') return 'final dot'
  const known = MOMENTS.find((moment) => moment === verb)
  if (!known) throw new Error(`a command that no test says: ${line}`)
  return known
}
