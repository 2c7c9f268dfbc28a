/**
 * Opens the first session of a test. It comes back to a server that was busy, and finds out whether TLS begins with the
 * first byte, because the port number alone does not tell.
 */
import { waitIn } from '../relay/retry-times.ts'
import { FIGURES } from './pace.ts'
import type { Server } from './server.ts'
import type { Session } from './session.ts'

/** How to open one of the first sessions. */
export interface FirstOpening {
  readonly tlsFirst: boolean
  /** Called if the server has sent nothing for a while. */
  readonly quiet?: () => void
  /** Aborted when the session is no longer needed. */
  readonly unwanted?: AbortSignal
}

/** The connections of a test, as far as the first session needs them. */
export interface FirstConnections {
  readonly server: Server
  /** Whether TLS begins with the first byte. */
  tlsFirst: boolean
  /** Whether only one connection may be open at a time. */
  alone: boolean
  open(opening?: FirstOpening): Promise<Session>
  end(session: Session): Promise<void>
  /** Ends a session when it is open, unless it is the one to keep. The end of the test waits for that. */
  endLater(session: Promise<Session>, kept: Session): void
}

/** Opens the first session. */
export async function openFirst(door: FirstConnections): Promise<Session> {
  const first = await comeBack(door, await openWatched(door))
  return isOtherWay(door, first) ? openOtherWay(door, first) : first
}

/**
 * Opens a session. If the server says nothing for a while, also tries TLS on a second connection. Returns the session
 * in TLS if it answers while the first one still waits, otherwise the first one.
 */
async function openWatched(door: FirstConnections): Promise<Session> {
  const unwanted = new AbortController()
  const opened: Promise<Session>[] = []
  const first = await new Promise<Session>((resolve) => {
    const quiet = () => {
      if (door.tlsFirst) return
      const tried = door.open({ tlsFirst: true })
      opened.push(tried)
      void tried.then((session) => isAnswered(session) && resolve(session))
    }
    const usual = door.open({ tlsFirst: door.tlsFirst, quiet, unwanted: unwanted.signal })
    opened.push(usual)
    void usual.then(resolve)
  })
  unwanted.abort()
  for (const session of opened) door.endLater(session, first)
  if (first.tls !== null) door.tlsFirst = true
  return first
}

/** Waits and opens another session until one works or there is no time left. Returns the last one. */
async function comeBack(door: FirstConnections, refused: Session): Promise<Session> {
  const { server } = door
  let session = refused
  let pauses = 0
  let wasTurnedAway = false
  for (let waitMs = waitAfter(session, pauses); waitMs !== null; waitMs = waitAfter(session, pauses)) {
    if (waitMs + Math.min(waitMs, FIGURES.visitMs) > server.deadline - server.now()) break
    wasTurnedAway ||= session.turnedAway !== null
    await door.end(session)
    await server.pause(waitMs)
    pauses += 1
    session = await door.open()
  }
  door.alone ||= wasTurnedAway
  return session
}

/**
 * Returns how many milliseconds to wait before another session: a moment if the server dropped the session, and after a
 * 4xx reply the time that it names, or our own figure. Null if another session would not help.
 */
function waitAfter({ failure, turnedAway }: Session, pauses: number): number | null {
  if (failure === 'dropped') return pauses === 0 ? FIGURES.pauseMs : null
  const usualMs = FIGURES.throttledMs[pauses]
  if (failure !== 'greeting-refused' || usualMs === undefined || !turnedAway || turnedAway.reply.code >= 500)
    return null
  return waitIn(turnedAway.reply) ?? usualMs
}

/** Whether TLS may begin with the first byte although we spoke in plain text, or the other way round. */
function isOtherWay({ tlsFirst }: FirstConnections, { failure, connection }: Session): boolean {
  if (tlsFirst) return failure === 'tls-failed'
  return connection?.spoke === 'tls' || (failure === 'dropped' && connection?.spoke === 'nothing')
}

/** Opens a session in the other of the two ways. If it gets no answer, returns the first session with its failure. */
async function openOtherWay(door: FirstConnections, first: Session): Promise<Session> {
  const tlsFirst = !door.tlsFirst
  await door.end(first)
  const session = await door.open({ tlsFirst })
  if (isAnswered(session)) {
    door.tlsFirst = tlsFirst
    return session
  }
  await door.end(session)
  return first.connection?.spoke === 'tls' ? { ...first, failure: 'tls-failed' } : first
}

const isAnswered = ({ greeting }: Session): boolean => greeting !== null
