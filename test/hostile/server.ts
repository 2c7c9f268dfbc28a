/** A mail server whose script is called at each moment of a dialogue, so that a fault can happen at any of them. */
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { type ScriptedSession, scriptedServer } from '../harness/mail-server.ts'
import type { Ending } from '../harness/service.ts'

/** The moments of a dialogue, in order. */
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
  readonly socket: Socket
  secure: boolean
  /** The lines that the client has sent so far, without the lines of messages. */
  readonly heard: string[]
  /** Set when the server stops answering. Later data is thrown away. */
  deaf: boolean
  /** Writes text as it is (one byte for each character), unless the connection is closed. */
  say(text: string | Buffer): void
}

/**
 * Returns what the server sends at a moment, with line ends: null for nothing, undefined for the usual reply. A script
 * may also change the peer.
 */
export type Script = (moment: Moment, peer: Peer, line: string) => string | Buffer | null | undefined

export interface Usual {
  /** For whom it relays. `plain` accepts outside recipients, but no percent hack. */
  readonly relays: 'nobody' | 'plain'
  /** Whether it talks to strangers only in TLS. */
  readonly tls: boolean
  readonly pipelining: boolean
}

export interface HostileServer {
  readonly port: number
  readonly peers: readonly Peer[]
  /** The number of connections that are open. */
  open(): number
}

export interface HostileOptions extends Partial<Usual> {
  readonly script: Script
  readonly host?: string
  /** Default: a free port. */
  readonly port?: number
  readonly certificate?: SecureContextOptions
}

const pem = (name: string): string => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8')

/** A certificate that expired years ago. Its name is full of escape sequences, markup and bidi marks. */
export const EXPIRED: SecureContextOptions = { key: pem('key'), cert: pem('expired') }

const CLOSED: Usual = { relays: 'nobody', tls: false, pipelining: false }

/** Returns the reply of a well-behaved server, for moments at which the script has none. */
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

/** Starts an SMTP server on loopback that misbehaves as its script says. It ends with the test. */
export async function hostileServer(t: Ending, options: HostileOptions): Promise<HostileServer> {
  const { script, host = '127.0.0.1', port = 0, certificate = EXPIRED } = options
  const habits: Usual = { ...CLOSED, ...options }
  const peers = new Map<ScriptedSession, Peer>()
  const saidAt = (peer: Peer, moment: Moment, line = ''): string | Buffer | null => {
    if (peer.deaf) return null
    const said = script(moment, peer, line)
    return said === undefined ? usual(moment, peer, line, habits) : said
  }
  const server = await scriptedServer(
    t,
    {
      greeting(session) {
        const peer = peerOf(session)
        peers.set(session, peer)
        const connected = saidAt(peer, 'connect')
        return raw(connected === '' ? saidAt(peer, 'greeting') : connected)
      },
      say(line, session) {
        const peer = peers.get(session) ?? peerOf(session)
        peer.heard.push(line)
        const moment = momentOf(line, peer.secure)
        const said = saidAt(peer, moment, line)
        if (moment !== 'STARTTLS' || !String(said).startsWith('220')) return raw(said)
        peer.say(said ?? '')
        const shaken = saidAt(peer, 'handshake')
        if (shaken !== '') return raw(shaken)
        session.startTls(createSecureContext(certificate))
        peer.secure = true
        return null
      },
      lingers: true,
    },
    { hosts: [host], port },
  )
  return {
    port: server.port,
    get peers() {
      return [...peers.values()]
    },
    open: server.open,
  }
}

const raw = (said: string | Buffer | null): Buffer | null =>
  typeof said === 'string' ? Buffer.from(said, 'latin1') : said

/** Returns a session of the scripted server as the scripts of this folder see it. */
function peerOf(session: ScriptedSession): Peer {
  return {
    connection: session.connection,
    wire: session.socket,
    get socket() {
      return session.socket
    },
    secure: false,
    heard: [],
    get deaf() {
      return session.deaf
    },
    set deaf(isDeaf) {
      session.deaf = isDeaf
    },
    say(text) {
      if (session.socket.writable) session.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
    },
  }
}

function momentOf(line: string, secure: boolean): Moment {
  const [verb = ''] = line.toUpperCase().split(' ')
  if (verb === 'EHLO' || verb === 'HELO') return secure ? 'second EHLO' : 'EHLO'
  if (verb === '.') return 'final dot'
  const known = MOMENTS.find((moment) => moment === verb)
  if (!known) throw new Error(`no test sends this command: ${line}`)
  return known
}
