/** The mail server for the domain of the test addresses. Accepts mail to test addresses only. */
import type { AddressInfo, Socket } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { type IntakeOptions, MAX_READ, makeIntake, reply, shown } from './intake.ts'
import { acceptAnyPath } from './paths.ts'

export interface MailboxOptions extends IntakeOptions {
  readonly host: string
  /** 0 means any free port. */
  readonly port: number
  /** How long a peer may be silent, and how long a connection may last. Tests use shorter times. */
  readonly idleMs?: number
  readonly lifetimeMs?: number
}

/** The running mailbox. */
export interface Mailbox {
  readonly port: number
  /** Gives messages in progress one second to finish, then closes all connections. */
  close(): Promise<void>
}

const MAX_COMMAND = 2048
const MAX_CONNECTIONS = 200
/** A smarthost brings the mail of many tests at once, so one address may have many connections, but not all. */
const MAX_CONNECTIONS_PER_ADDRESS = 100
const GRACE_MS = 1000

/** Nobody logs in here and nothing is secret, so no AUTH and no STARTTLS. The last three are jokes in smtp-server. */
const DISABLED = ['AUTH', 'STARTTLS', 'XCLIENT', 'XFORWARD', 'WIZ', 'SHELL', 'KILL']

/** Starts the mailbox. Rejects if it cannot listen there. */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { host, port, domain, log, troubled, idleMs = 30_000, lifetimeMs = 300_000 } = options
  const intake = makeIntake(options)

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
    onConnect(session, done) {
      const connections = [...server.connections]
      for (const connection of connections) if (connection.session === session) acceptAnyPath(connection)
      const sameAddress = connections.filter((other) => other.remoteAddress === session.remoteAddress)
      const fault = tooMany(connections.length, sameAddress.length)
      if (fault !== null) troubled()
      done(fault === null ? null : reply(421, `${domain} ${fault}`))
    },
    onRcptTo: ({ address }, session, done) => void intake.recipient(address, session).then(() => done(), done),
    onData: (stream, session, done) => void intake.message(stream, session).then(() => done(), done),
  })

  const sockets = new Set<Socket>()
  server.server.on('connection', (socket) => {
    sockets.add(socket)
    const end = setTimeout(() => socket.destroy(), lifetimeMs)
    socket.once('close', () => {
      sockets.delete(socket)
      clearTimeout(end)
    })
  })

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

/** Returns why a connection is one too many, or null. The counts include it. */
function tooMany(all: number, sameAddress: number): string | null {
  if (sameAddress > MAX_CONNECTIONS_PER_ADDRESS) return 'too many connections from your address'
  return all > MAX_CONNECTIONS ? 'too many connections' : null
}
