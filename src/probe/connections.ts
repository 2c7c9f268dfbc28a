/**
 * Manages the connections of one test: the current session, and spare sessions that were opened early to save time. It
 * counts connections, so that no test opens more than its question allows.
 */
import { FIGURES } from './pace.ts'
import type { Server } from './server.ts'
import { failedSession, isReady, openSession, type Session, secure } from './session.ts'
import { waitIn } from './wait.ts'

/** A session that was opened early. `greeted` is null until the greeting and EHLO are over. */
interface Spare {
  readonly session: Promise<Session>
  greeted: Session | null
}

/** The state of the connections between two questions. */
export interface Standing {
  /** How many connections were opened so far. */
  readonly opened: number
  /** How many of these were opened early and are not used yet. */
  readonly spares: number
  readonly current: { readonly number: number; readonly isReady: boolean }
  /** Whether the current session offers PIPELINING. */
  readonly pipelining: boolean
  /** Whether sessions start TLS. */
  readonly tls: boolean
}

/** The connections of one test. */
export class Connections {
  /** How many connections the test may open in all. */
  limit: number = FIGURES.connections
  /** Whether only one connection may be open at a time, with a pause before each new one. */
  alone = false
  readonly #server: Server
  #unwanted = new AbortController()
  #spares: Spare[] = []
  #first: Session
  #current: Session
  #opened = 0
  #tls = false
  readonly #outOfStep = new Set<number>()

  private constructor(server: Server) {
    this.#server = server
    this.#first = failedSession(1, 'dropped')
    this.#current = this.#first
  }

  /**
   * Opens the first connection, and `spares` more as soon as the first one is connected. If the server drops or defers
   * the first session, it may only have been busy: opens another one, after a pause.
   */
  static async begin(server: Server, spares: number): Promise<Connections> {
    const connections = new Connections(server)
    const connected = () => {
      for (let spare = 0; spare < spares; spare += 1) connections.#spares.push(spareOf(connections.#open()))
    }
    const first = await connections.#open(connected)
    connections.#first = await connections.#comeBack(first)
    connections.#current = connections.#first
    return connections
  }

  /** Returns a session that was opened well if one of the next ones is, else the last one that was tried. */
  async #comeBack(refused: Session): Promise<Session> {
    const { now, deadline } = this.#server
    let session = refused
    let pauses = 0
    for (let waitMs = waitAfter(session, pauses); waitMs !== null; waitMs = waitAfter(session, pauses)) {
      const isAhead = this.#spares.length > 0
      if (!isAhead && waitMs + Math.min(waitMs, FIGURES.visitMs) > deadline - now()) break
      await this.end(session)
      if (!isAhead) {
        await this.#server.pause(waitMs)
        pauses += 1
      }
      session = await this.another()
    }
    return session
  }

  /** The first session. Its greeting and extensions count for the whole test. */
  get first(): Session {
    return this.#first
  }

  get current(): Session {
    return this.#current
  }

  get standing(): Standing {
    const { number } = this.#current
    return {
      opened: this.#opened,
      spares: this.#spares.length,
      current: { number, isReady: isReady(this.#current) },
      pipelining: this.#current.pipelining,
      tls: this.#tls,
    }
  }

  /** Returns the current session. If it has ended and there is time left, opens another one first. */
  async live(): Promise<Session> {
    const isOver = this.#first.failure !== null || this.#server.now() >= this.#server.deadline
    if (isReady(this.#current) || isOver) return this.#current
    return this.goOnWith(await this.another())
  }

  /** Returns another session than the current one: a spare one, or a new one. */
  another(): Promise<Session> {
    return this.#spares.shift()?.session ?? this.#open()
  }

  /** Makes a session the current one, and ends the previous one. */
  async goOnWith(session: Session): Promise<Session> {
    // Set before the wait, because several workers can get here at once, and each must end a different session.
    const previous = this.#current
    this.#current = session
    if (previous !== session) await this.end(previous)
    return session
  }

  /** Starts TLS on the spare sessions, and on every later one. Ends the current session. */
  async goOnInTls(): Promise<void> {
    this.#tls = true
    this.#spares = this.#spares.map(({ session }) =>
      spareOf(session.then((greeted) => (isReady(greeted) ? secure(greeted) : greeted))),
    )
    await this.leaveCurrent()
  }

  /** Ends the spare sessions that the server has turned away so far. Resolves with true if there were any. */
  async dropRefused(): Promise<boolean> {
    const isRefused = ({ greeted }: Spare) => greeted !== null && !isReady(greeted)
    const refused = this.#spares.filter(isRefused)
    this.#spares = this.#spares.filter((spare) => !isRefused(spare))
    await Promise.all(refused.map(({ greeted }) => greeted && this.end(greeted)))
    return refused.length > 0
  }

  /** Ends the current session. The next question opens another one. */
  leaveCurrent(): Promise<void> {
    return this.end(this.#current)
  }

  /** Says QUIT. Sometimes only the reply to QUIT shows that earlier answers did not fit their commands. */
  async end({ connection, number }: Session): Promise<void> {
    if (!connection) return
    await connection.quit()
    if (connection.outOfStep) this.#outOfStep.add(number)
  }

  /** Ends every session. The next question opens a new one. */
  async leave(): Promise<void> {
    const waiting = this.#spares.splice(0)
    const ended = waiting.map(async ({ session }) => this.end(await session))
    if (waiting.length > 0) {
      // We do not wait for greetings that have not come yet.
      this.#unwanted.abort()
      this.#unwanted = new AbortController()
    }
    await Promise.all([this.end(this.#current), ...ended])
  }

  /** Returns the numbers of the sessions whose reply to QUIT showed that they were out of step, each number once. */
  takeOutOfStep(): readonly number[] {
    const numbers = [...this.#outOfStep]
    this.#outOfStep.clear()
    return numbers
  }

  async #open(connected?: () => void): Promise<Session> {
    if (this.#opened >= this.limit) return { ...this.#first, connection: null, failure: 'connection-limit' }
    this.#opened += 1
    const number = this.#opened
    if (this.alone) await this.#server.pause(FIGURES.pauseMs)
    const opening = { number, tls: this.#tls, unwanted: this.#unwanted.signal }
    return openSession(this.#server, connected ? { ...opening, connected } : opening)
  }
}

/**
 * Returns how long to wait before another session, in milliseconds: not long if the server dropped the session before
 * EHLO was answered; what the reply says, else our own figure, if it is a 4xx reply; null if it is in vain.
 */
function waitAfter({ failure, turnedAway }: Session, pauses: number): number | null {
  if (failure === 'dropped') return pauses === 0 ? FIGURES.pauseMs : null
  const usualMs = FIGURES.throttledMs[pauses]
  if (failure !== 'greeting-refused' || usualMs === undefined || !turnedAway || turnedAway.reply.code >= 500)
    return null
  return waitIn(turnedAway.reply) ?? usualMs
}

function spareOf(session: Promise<Session>): Spare {
  const spare: Spare = { session, greeted: null }
  void session.then((greeted) => {
    spare.greeted = greeted
  })
  return spare
}
