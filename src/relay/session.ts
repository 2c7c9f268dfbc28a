import type { Why } from '../contract/words.ts'
import { type Address, addressLiteral, hostText } from '../ip/address.ts'
import { anyOf } from '../smtp/any-of.ts'
import { type Answer, SmtpConnection, type TlsFacts } from '../smtp/connection.ts'
import type { Dial } from '../smtp/dial.ts'
import { abridged, type Reply } from '../smtp/reply.ts'
import type { Transcript } from '../smtp/transcript.ts'

/** Where to connect, from where, under which name, and until when (`performance.now()` milliseconds). */
export interface Route {
  readonly address: Address
  readonly port: number
  /** Opens connections from the vantage. */
  readonly dial: Dial
  /** Our name; null stands for the address literal of the local end (RFC 5321 section 4.1.4). */
  readonly ehlo: string | null
  readonly deadline: number
  readonly transcript: Transcript
  /** Aborted when nobody waits any more. */
  readonly stop: AbortSignal
  /** Told of every connection before it is dialled. */
  dialling(address: Address): void
}

/** How to open one connection of a visit. */
export interface Opening {
  /** From 1. */
  readonly number: number
  /** Whether to go on to TLS, because the server asks for it. */
  readonly tls: boolean
  /** Aborted when the connection is not needed any more. */
  readonly unwanted: AbortSignal
  /** Called when the connection stands, before the greeting. */
  readonly connected?: () => void
}

/** A connection that has been greeted, or what prevented it. */
export interface Session {
  readonly connection: SmtpConnection | null
  readonly number: number
  readonly localAddress: Address | null
  readonly ehlo: string | null
  readonly greeting: { readonly reply: Reply; readonly at: readonly number[] } | null
  /** What EHLO offered, by line. */
  readonly extensions: readonly string[]
  readonly pipelining: boolean
  readonly tls: TlsFacts | null
  /** The reply that refused the greeting, or EHLO and HELO both. */
  readonly turnedAway: { readonly reply: Reply; readonly at: readonly number[] } | null
  /** How long the connection took to stand, and from then on its greeting, in milliseconds; null where it did not. */
  readonly connectMs: number | null
  readonly greetingMs: number | null
  /** Why there is no connection to work with. */
  readonly failure: Why | null
}

/** A session that has a connection to work with, and a name for us. */
export type Ready = Session & { readonly connection: SmtpConnection; readonly ehlo: string }

/** Whether commands can be sent on a session. */
export function isReady(session: Session): session is Ready {
  const { connection, ehlo, failure } = session
  return connection !== null && connection.fault === null && ehlo !== null && failure === null
}

const CONNECT_MS = 10_000
const GREETING_MS = 30_000

/** Connects, waits for the whole greeting and says EHLO, or HELO where the server does not know EHLO. */
export async function openSession(route: Route, { number, tls, unwanted, connected }: Opening): Promise<Session> {
  const { address, port, transcript, stop } = route
  if (stop.aborted) return { ...NOTHING, number, failure: 'interrupted' }
  transcript.add('event', number, `connecting to ${hostText(address)}:${port}`)
  const left = route.deadline - performance.now()
  if (left <= 0) return { ...NOTHING, number, failure: 'deadline' }
  route.dialling(address)
  const dialledAt = performance.now()
  const dialled = await route.dial(address, port, Math.min(CONNECT_MS, left))
  if ('fault' in dialled) {
    const { fault, detail } = dialled
    // A wait that our own deadline cut short says nothing of the server.
    if (detail === null && left < CONNECT_MS) {
      transcript.add('event', number, 'no connection before the deadline')
      return { ...NOTHING, number, failure: 'deadline' }
    }
    transcript.add('event', number, `no connection: ${fault}${detail ? ` (${detail})` : ''}`)
    return { ...NOTHING, number, failure: fault }
  }
  connected?.()
  const { socket, localAddress } = dialled
  const ehlo = route.ehlo ?? (localAddress ? addressLiteral(localAddress) : '[127.0.0.1]')
  const connection = new SmtpConnection({ socket, number, transcript, deadline: route.deadline })
  const connectMs = performance.now() - dialledAt
  const opened = { ...NOTHING, connection, number, localAddress, ehlo, connectMs }
  const greeted = await greet(opened, connection, anyOf(stop, unwanted))
  return tls && isReady(greeted) ? secure(greeted) : greeted
}

async function greet(opened: Session, connection: SmtpConnection, unwanted: AbortSignal): Promise<Session> {
  const connectedAt = performance.now()
  const greeting = answered(await connection.greeting(GREETING_MS, unwanted))
  if (!greeting) return { ...opened, failure: connection.fault }
  const greeted = { ...opened, greeting, greetingMs: performance.now() - connectedAt }
  if (greeting.reply.code !== 220) return { ...greeted, turnedAway: greeting, failure: 'greeting-refused' }
  return unwanted.aborted ? { ...greeted, failure: 'interrupted' } : hello(greeted, connection)
}

async function hello(greeted: Session, connection: SmtpConnection): Promise<Session> {
  const extended = answered(await connection.command(`EHLO ${greeted.ehlo}`))
  if (!extended) return { ...greeted, failure: connection.fault }
  if (extended.reply.code === 250) {
    const extensions = extended.reply.lines.slice(1)
    return { ...greeted, extensions, pipelining: offers(extensions, 'PIPELINING') }
  }
  const { code } = extended.reply
  if (code >= 400 && code < 500) return { ...greeted, turnedAway: extended, failure: 'greeting-refused' }
  const plain = answered(await connection.command(`HELO ${greeted.ehlo}`))
  // A server that hangs up on EHLO has turned us away with its answer to it.
  if (!plain) return { ...greeted, turnedAway: extended, failure: connection.fault }
  return plain.reply.code === 250 ? greeted : { ...greeted, turnedAway: plain, failure: 'greeting-refused' }
}

/** Goes on to TLS and introduces us anew: what was said before in plain text counts no more (RFC 3207 section 4.2). */
export async function secure(session: Ready): Promise<Session> {
  const { connection } = session
  if (!offers(session.extensions, 'STARTTLS')) return { ...session, failure: 'tls-failed' }
  const tls = await connection.startTls()
  if (!tls) return { ...session, failure: 'tls-failed' }
  return hello({ ...session, tls, extensions: [], pipelining: false }, connection)
}

const offers = (extensions: readonly string[], keyword: string): boolean =>
  extensions.some((line) => line.trim().toUpperCase() === keyword)

function answered({ reply, at }: Answer): { reply: Reply; at: readonly number[] } | null {
  return reply ? { reply: abridged(reply), at } : null
}

const NOTHING: Session = {
  connection: null,
  number: 0,
  localAddress: null,
  ehlo: null,
  greeting: null,
  extensions: [],
  pipelining: false,
  tls: null,
  turnedAway: null,
  connectMs: null,
  greetingMs: null,
  failure: null,
}
