/** The mail server for the domain of the test addresses. Accepts mail to test addresses only. */
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { canonicalNetwork, parseAddress } from '../ip/address.ts'
import { type Connection, ruleCommands } from './commands.ts'
import { type IntakeOptions, MAX_READ, makeIntake, shown } from './intake.ts'
import { acceptAnyPath } from './paths.ts'
import { Turns } from './turns.ts'
import { type Visitor, Visitors } from './visitors.ts'

export interface MailboxOptions extends Omit<IntakeOptions, 'visitorOf' | 'visitors'> {
  readonly host: string
  /** 0 means any free port. */
  readonly port: number
  /** How long a peer may be silent, and how long a connection may last. Tests use shorter times. */
  readonly idleMs?: number
  readonly lifetimeMs?: number
}

/** The running mailbox. */
export interface MailboxListener {
  readonly port: number
  /** Gives messages in progress one second to finish, then closes all connections. */
  close(): Promise<void>
}

const MAX_COMMAND = 2048
const GRACE_MS = 1000
/** How long a peer has to read our last reply. */
const FAREWELL_MS = 500
/**
 * How many connections and commands we handle in a second, and at once after a quiet time, for all peers together.
 * 1,000 commands take about a tenth of one core (docs/performance.md).
 */
const CONNECTIONS = { perSecond: 200, burst: 200 }
const COMMANDS = { perSecond: 1_000, burst: 500 }

/** Nobody logs in here and nothing is secret, so no AUTH and no STARTTLS. The last three are jokes in smtp-server. */
const DISABLED = ['AUTH', 'STARTTLS', 'XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL']

/** Starts the mailbox. Rejects if it cannot listen there. */
export async function startMailbox(options: MailboxOptions): Promise<MailboxListener> {
  const { host, port, domain, log, troubled, turnedAway, idleMs = 30_000, lifetimeMs = 300_000 } = options
  const visitors = new Visitors(troubled)
  const sessions = new WeakMap<SMTPServerSession, Visitor>()
  const intake = makeIntake({ ...options, visitors, visitorOf: (session) => sessions.get(session) })

  const server = new SMTPServer({
    name: domain,
    // The second %s is the peer's address in brackets. A vantage learns from it how servers see us.
    heloResponse: '%s sees %s',
    disabledCommands: DISABLED,
    disableReverseLookup: true,
    hideSMTPUTF8: true,
    hideENHANCEDSTATUSCODES: false,
    // Open relays use strange sender addresses, and any of their messages can be the proof.
    lenientAddressParsing: true,
    // Announces that sizes may be declared, but no limit. We read only the beginning of a large message.
    size: MAX_READ,
    hideSize: true,
    maxCommandLength: MAX_COMMAND,
    socketTimeout: idleMs,
    closeTimeout: GRACE_MS,
    logger: false,
    onRcptTo: ({ address }, session, done) => void intake.recipient(address, session).then(() => done(), done),
    onData: (stream, session, done) => void intake.message(stream, session).then(() => done(), done),
  })

  const sockets = new Set<Socket>()
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    // smtp-server listens to errors only after the socket's turn has come.
    socket.on('error', () => {})
    const end = setTimeout(() => socket.destroy(), lifetimeMs)
    socket.once('close', () => {
      sockets.delete(socket)
      clearTimeout(end)
    })
  })

  const turns = { connections: turnsOf(CONNECTIONS), commands: turnsOf(COMMANDS) }
  const begin = server.connect.bind(server)
  server.connect = (socket, socketOptions) => {
    const refuse = (text: string) => {
      socket.write(`421 ${domain} ${text}\r\n`)
      socket.destroySoon()
    }
    const visitor: Visitor = {
      source: sourceOf(socket.remoteAddress),
      since: performance.now(),
      commands: 0,
      named: new Set(),
      hangUp: refuse,
    }
    const refusal = visitors.admit(visitor)
    if (refusal !== null) {
      turnedAway('connections', visitor.named)
      return refuse(refusal)
    }
    socket.once('close', () => visitors.leave(visitor))
    turns.connections.take(() => {
      if (socket.destroyed || socket.writableEnded) return
      begin(socket, socketOptions)
      const connection = [...server.connections].at(-1)
      if (connection?._socket !== socket) throw new Error('smtp-server did not begin this connection')
      sessions.set(connection.session, visitor)
      acceptAnyPath(connection)
      visitor.hangUp = (text) => connection.send(421, text)
      closeSoon(connection)
      ruleCommands(connection, visitor, {
        turns: turns.commands,
        refusesData: intake.refusesData,
        onlyCommands: ({ named }) => turnedAway('commands', named),
      })
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      server.on('error', (error) => log.info({ error: shown(error.message) }, 'a connection to the mailbox broke'))
      resolve()
    })
  })

  return {
    port: (server.server.address() as AddressInfo).port,
    async close() {
      await new Promise<void>((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Reads nothing after the end of a session. smtp-server would read and throw away for five seconds. */
function closeSoon(connection: Connection): void {
  const { _socket: socket } = connection
  const close = connection.close.bind(connection)
  connection.close = () => {
    close()
    socket.pause()
    setTimeout(() => socket.destroy(), FAREWELL_MS).unref()
  }
}

const turnsOf = ({ perSecond, burst }: { perSecond: number; burst: number }) => new Turns(perSecond, burst)

/** Returns the network whose connections are counted together: an IPv4 address, or the /64 of an IPv6 address. */
function sourceOf(remoteAddress = ''): string {
  const address = parseAddress(remoteAddress.replace(/^::ffff:/i, ''))
  return address?.family === 6 ? canonicalNetwork(address) : remoteAddress
}
