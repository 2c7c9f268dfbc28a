/**
 * Everything that a probe gets from outside: connections to the mail server, time, and mail that reaches our mailbox.
 * The engine knows only this interface, so that a model in memory can replace sockets and clocks.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Why } from '../contract/words.ts'
import { type Address, addressLiteral, hostText } from '../ip/address.ts'
import type { ReceivedMail } from '../relay/attempt.ts'
import type { Form } from '../relay/forms.ts'
import { SmtpConnection, type TlsFacts } from '../smtp/connection.ts'
import type { Dial, Dialled } from '../smtp/dial.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { FIGURES } from './pace.ts'

/** The part of a connection that a probe uses. It never throws because of something that a server does. */
export type Dialogue = Pick<
  SmtpConnection,
  | 'fault'
  | 'spoke'
  | 'outOfStep'
  | 'greeting'
  | 'command'
  | 'group'
  | 'message'
  | 'farewell'
  | 'quit'
  | 'startTls'
  | 'desynchronised'
>

/** An open connection, before its greeting. */
export interface Connected {
  readonly connection: Dialogue
  /** The address of our end; null behind a proxy, because the server sees another address then. */
  readonly localAddress: Address | null
  /** The name that we give in EHLO. */
  readonly ehlo: string
  /** The facts of TLS if it began with the first byte, or null. */
  readonly tls: TlsFacts | null
}

/** The interface to the outside. Times are milliseconds of the clock that `now` reads. */
export interface Server {
  readonly deadline: number
  /** Aborted to end the test early. */
  readonly stop: AbortSignal
  now(): number
  /** Waits `ms` milliseconds, or until the test is stopped. */
  pause(ms: number): Promise<void>
  /** Whether TLS usually begins with the first byte at this port, without STARTTLS. */
  readonly tlsFirst: boolean
  /**
   * Opens a connection, or returns why there is none. Connections of one test are numbered from 1.
   *
   * @param tlsFirst whether TLS begins with the first byte
   */
  connect(number: number, tlsFirst: boolean): Promise<Connected | { readonly failure: Why }>
  /** Waits up to `ms` milliseconds for the message of a form, or its bounce. Resolves with null if neither comes. */
  arrival(form: Form, ms: number): Promise<ReceivedMail | null>
  /** Whether our mailbox turned anybody away since a time, for a reason of its own. Mail may be missing then. */
  troubled(since: number): Promise<boolean>
}

/** The part of a server that is our own mailbox. */
export type OwnMailbox = Pick<Server, 'arrival' | 'troubled'>

/** How to reach a server: address, vantage, our name and our limits. Times are `performance.now()` milliseconds. */
export interface Route {
  readonly address: Address
  readonly port: number
  /** Whether TLS usually begins with the first byte at this port, without STARTTLS. */
  readonly tlsFirst: boolean
  /** Opens connections from the vantage. */
  readonly dial: Dial
  /** Our name; null means the address literal of our end (RFC 5321 section 4.1.4). */
  readonly ehlo: string | null
  readonly deadline: number
  readonly transcript: Transcript
  readonly stop: AbortSignal
  /** Aborted after `stop`, to close every connection at once. */
  readonly cut: AbortSignal
  /** Called before each connection is dialled. */
  dialling(address: Address): void
  /** Called when a connection is open. */
  connected?(): void
}

/** Returns the real server that a route leads to. */
export function serverAt(route: Route, mailbox: OwnMailbox): Server {
  const { deadline, stop, tlsFirst } = route
  return {
    deadline,
    stop,
    tlsFirst,
    now: () => performance.now(),
    pause: (ms) => sleep(ms, undefined, { signal: stop }).catch(() => {}),
    connect: (number, inTls) => connect(route, number, inTls),
    ...mailbox,
  }
}

async function connect(
  route: Route,
  number: number,
  tlsFirst: boolean,
): Promise<Connected | { readonly failure: Why }> {
  const { address, port, transcript, deadline, cut } = route
  const record = (event: string) => void transcript.add('event', number, event)
  record(`connecting to ${hostText(address)}:${port}${tlsFirst ? ', in TLS from the first byte' : ''}`)
  const left = deadline - performance.now()
  if (left <= 0) return { failure: 'deadline' }
  if (cut.aborted) return { failure: 'interrupted' }
  route.dialling(address)
  const dialled = await unlessCut(route.dial(address, port, Math.min(FIGURES.connectMs, left)), cut)
  if (!dialled) return { failure: 'interrupted' }
  if ('fault' in dialled) {
    const { fault, detail } = dialled
    // A wait that our own deadline cut short says nothing about the server.
    if (detail === null && left < FIGURES.connectMs) {
      record('no connection before the deadline')
      return { failure: 'deadline' }
    }
    record(`no connection: ${fault}${detail ? ` (${detail})` : ''}`)
    return { failure: fault }
  }
  const { socket, localAddress } = dialled
  route.connected?.()
  const ownName = localAddress ? addressLiteral(localAddress) : '[127.0.0.1]'
  const connection = new SmtpConnection({ socket, number, transcript, deadline })
  cut.addEventListener('abort', () => connection.cut(), { once: true })
  const tls = tlsFirst ? await connection.handshake(FIGURES.tlsMs) : null
  if (tlsFirst && !tls) return { failure: connection.fault === 'vantage-failed' ? 'vantage-failed' : 'tls-failed' }
  if (tlsFirst && !route.tlsFirst) record('this port speaks TLS from the first byte, without STARTTLS')
  return { connection, localAddress, ehlo: route.ehlo ?? ownName, tls }
}

/** Waits for a connection, or returns null once the test is cut short. A connection that opens later is closed. */
async function unlessCut(dialling: Promise<Dialled>, cut: AbortSignal): Promise<Dialled | null> {
  let end = () => {}
  const isCut = new Promise<null>((resolve) => {
    end = () => resolve(null)
    cut.addEventListener('abort', end, { once: true })
  })
  const dialled = await Promise.race([dialling, isCut])
  cut.removeEventListener('abort', end)
  if (!dialled) void dialling.then((late) => 'socket' in late && late.socket.destroy())
  return dialled
}
