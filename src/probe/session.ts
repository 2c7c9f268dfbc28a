/** Opens one SMTP session: connection, greeting, EHLO or HELO, and STARTTLS if the server asks for it. */
import type { Why } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import { hostNameIn } from '../relay/host-name.ts'
import { anyOf } from '../smtp/any-of.ts'
import type { AwaitedReply, TlsFacts } from '../smtp/connection.ts'
import { abridged, type Reply } from '../smtp/reply.ts'
import { FIGURES } from './pace.ts'
import type { Dialogue, Server } from './server.ts'

/** How to open one session of a test. */
export interface Opening {
  /** Counts from 1. */
  readonly number: number
  /** Whether to start TLS with STARTTLS, because the server asks for it. */
  readonly tls: boolean
  /** Whether TLS begins with the first byte. */
  readonly tlsFirst: boolean
  /** Aborted when the session is no longer needed. */
  readonly unwanted?: AbortSignal
  /** Called if the server has sent nothing for a while. */
  readonly quiet?: () => void
}

/** A reply, and the indexes of its transcript lines. */
export interface NumberedReply {
  readonly reply: Reply
  readonly at: readonly number[]
}

/** An SMTP session, or the reason why there is none. */
export interface Session {
  readonly connection: Dialogue | null
  readonly number: number
  readonly localAddress: Address | null
  readonly ehlo: string | null
  /** The command that opened the session: EHLO or HELO, with our name. */
  readonly hello: string | null
  readonly greeting: NumberedReply | null
  /** The first line of the reply that accepted EHLO or HELO: the server's name, and often our address. */
  readonly helloLine: string | null
  /** The lines of the EHLO reply after the first. */
  readonly extensions: readonly string[]
  readonly pipelining: boolean
  readonly tls: TlsFacts | null
  /** The reply that refused us at the greeting, or to both EHLO and HELO. */
  readonly turnedAway: NumberedReply | null
  /** How long the connection took, and then the greeting, in milliseconds; null if it did not come. */
  readonly connectMs: number | null
  readonly greetingMs: number | null
  /** Why the session cannot be used; null if it was opened well. */
  readonly failure: Why | null
}

/** A session that commands can be sent on. */
export type Ready = Session & { readonly connection: Dialogue; readonly ehlo: string }

/** Whether commands can be sent on a session. */
export function isReady(session: Session): session is Ready {
  const { connection, ehlo, failure } = session
  return connection !== null && connection.fault === null && ehlo !== null && failure === null
}

/** Returns the host name that the server gives itself on a session; null if it gives none. */
export const hostOf = ({ greeting, helloLine, ehlo }: Session): string | null =>
  hostNameIn([greeting?.reply.lines[0], helloLine], ehlo)

/** Returns a session without a connection. */
export function failedSession(number: number, failure: Why): Session {
  return { ...NOTHING, number, failure }
}

/** Connects, waits for the whole greeting, and says EHLO, or HELO if the server does not know EHLO. */
export async function openSession(server: Server, opening: Opening): Promise<Session> {
  const { number, tls, tlsFirst, unwanted, quiet } = opening
  if (server.stop.aborted) return failedSession(number, 'interrupted')
  const startedAt = server.now()
  const opened = await server.connect(number, tlsFirst)
  if ('failure' in opened) return failedSession(number, opened.failure)
  const session = { ...NOTHING, ...opened, number, connectMs: server.now() - startedAt }
  const greeted = await greet(server, session, unwanted ? anyOf(server.stop, unwanted) : server.stop, quiet)
  return tls && isReady(greeted) && greeted.tls === null ? secure(greeted) : greeted
}

async function greet(
  server: Server,
  opened: Session & { connection: Dialogue },
  unwanted: AbortSignal,
  quiet: () => void = () => {},
): Promise<Session> {
  const { connection } = opened
  const connectedAt = server.now()
  const greeting = heard(await connection.greeting(FIGURES.greetingMs, { unwanted, quiet, quietMs: FIGURES.quietMs }))
  if (!greeting) return { ...opened, failure: connection.fault }
  const greeted = { ...opened, greeting, greetingMs: server.now() - connectedAt }
  if (greeting.reply.code !== 220) return { ...greeted, turnedAway: greeting, failure: 'greeting-refused' }
  return unwanted.aborted ? { ...greeted, failure: 'interrupted' } : sayHello(greeted)
}

async function sayHello(greeted: Session & { connection: Dialogue }): Promise<Session> {
  const { connection, ehlo } = greeted
  const hello = `EHLO ${ehlo}`
  const extended = heard(await connection.command(hello))
  if (!extended) return { ...greeted, failure: connection.fault }
  const { code, lines } = extended.reply
  if (code === 250) {
    const [helloLine = null, ...extensions] = lines
    return { ...greeted, hello, helloLine, extensions, pipelining: offers(extensions, 'PIPELINING') }
  }
  if (code >= 400 && code < 500) return { ...greeted, turnedAway: extended, failure: 'greeting-refused' }
  const older = `HELO ${ehlo}`
  const plain = heard(await connection.command(older))
  // If the server closes the connection at HELO, its reply to EHLO was the refusal.
  if (!plain) return { ...greeted, turnedAway: extended, failure: connection.fault }
  if (plain.reply.code === 250) return { ...greeted, hello: older, helloLine: plain.reply.lines[0] ?? null }
  return { ...greeted, turnedAway: plain, failure: 'greeting-refused' }
}

/** Starts TLS and says EHLO again: what was said in plain text no longer counts (RFC 3207 section 4.2). */
async function secure(session: Ready): Promise<Session> {
  if (!offers(session.extensions, 'STARTTLS')) return { ...session, failure: 'tls-failed' }
  const { connection } = session
  const tls = await connection.startTls()
  if (!tls) return { ...session, failure: connection.fault === 'vantage-failed' ? 'vantage-failed' : 'tls-failed' }
  return sayHello({ ...session, tls, helloLine: null, extensions: [], pipelining: false })
}

const offers = (extensions: readonly string[], keyword: string): boolean =>
  extensions.some((line) => line.trim().toUpperCase() === keyword)

const heard = ({ reply, at }: AwaitedReply): NumberedReply | null => (reply ? { reply: abridged(reply), at } : null)

const NOTHING: Session = {
  connection: null,
  number: 0,
  localAddress: null,
  ehlo: null,
  hello: null,
  greeting: null,
  helloLine: null,
  extensions: [],
  pipelining: false,
  tls: null,
  turnedAway: null,
  connectMs: null,
  greetingMs: null,
  failure: null,
}
