/**
 * Manages the connections of one test: the current session, and spare sessions that were opened early to save time. It
 * counts connections, so that no test opens more than its question allows.
 */
import { type Door, type FirstOpening, openFirst } from './first-session.ts'
import { FIGURES } from './pace.ts'
import type { Server } from './server.ts'
import { failedSession, isReady, openSession, type Session, secure } from './session.ts'

/** A session that was opened early. `greeted` is null until the greeting and EHLO are over. */
interface Spare {
  readonly session: Promise<Session>
  readonly unwanted: AbortController
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
  /** Whether only one connection may be open at a time. */
  readonly alone: boolean
}

/** The connections of one test. */
export class Connections implements Door {
  /** How many connections the test may open in all. */
  limit: number = FIGURES.connections
  /** Whether only one connection may be open at a time, with a pause before each new one. */
  alone = false
  readonly server: Server
  tlsFirst: boolean
  #spares: Spare[] = []
  #first: Session
  #current: Session
  #opened = 0
  #tls = false
  readonly #outOfStep = new Set<number>()
  readonly #ending: Promise<void>[] = []

  private constructor(server: Server) {
    this.server = server
    this.tlsFirst = server.tlsFirst
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
      for (let spare = 0; spare < spares; spare += 1) connections.#openAhead()
    }
    connections.#first = await openFirst(connections, connected)
    connections.#current = connections.#first
    return connections
  }

  /** The first session. Its greeting and extensions count for the whole test. */
  get first(): Session {
    return this.#first
  }

  get current(): Session {
    return this.#current
  }

  get ahead(): number {
    return this.#spares.length
  }

  get standing(): Standing {
    const { number, tls } = this.#current
    return {
      opened: this.#opened,
      spares: this.#spares.length,
      current: { number, isReady: isReady(this.#current) },
      pipelining: this.#current.pipelining,
      tls: this.#tls || tls !== null,
      alone: this.alone,
    }
  }

  /** Returns the current session. If it has ended and there is time left, opens another one first. */
  async live(): Promise<Session> {
    const isOver = this.#first.failure !== null || this.server.now() >= this.server.deadline
    if (isReady(this.#current) || isOver) return this.#current
    return this.goOnWith(await this.another())
  }

  /** Returns another session than the current one: a spare one, or a new one. */
  another(): Promise<Session> {
    return this.#spares.shift()?.session ?? this.open()
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
    this.#spares = this.#spares.map(({ session, unwanted }) =>
      spareOf(
        session.then((greeted) => (isReady(greeted) ? secure(greeted) : greeted)),
        unwanted,
      ),
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
    await Promise.all([this.end(this.#current), this.leaveAhead(this.ahead), ...this.#ending])
  }

  /** Ends up to `most` sessions that were opened early. */
  async leaveAhead(most: number): Promise<void> {
    const ended = this.#spares.splice(0, most).map(async ({ session, unwanted }) => {
      // We do not wait for a greeting that has not come yet.
      unwanted.abort()
      await this.end(await session)
    })
    await Promise.all(ended)
  }

  endLater(session: Promise<Session>, kept: Session): void {
    this.#ending.push(session.then((opened) => (opened === kept ? undefined : this.end(opened))))
  }

  /** Returns the numbers of the sessions whose reply to QUIT showed that they were out of step, each number once. */
  takeOutOfStep(): readonly number[] {
    const numbers = [...this.#outOfStep]
    this.#outOfStep.clear()
    return numbers
  }

  #openAhead(): void {
    const unwanted = new AbortController()
    const { tlsFirst } = this
    this.#spares.push(spareOf(this.open({ tlsFirst, unwanted: unwanted.signal }), unwanted))
  }

  /** Opens a session, if the test may have another connection. */
  async open(opening: FirstOpening = { tlsFirst: this.tlsFirst }): Promise<Session> {
    if (this.#opened >= this.limit) return { ...this.#first, connection: null, failure: 'connection-limit' }
    this.#opened += 1
    const number = this.#opened
    if (this.alone) await this.server.pause(FIGURES.pauseMs)
    return openSession(this.server, { ...opening, number, tls: this.#tls })
  }
}

function spareOf(session: Promise<Session>, unwanted: AbortController): Spare {
  const spare: Spare = { session, unwanted, greeted: null }
  void session.then((greeted) => {
    spare.greeted = greeted
  })
  return spare
}
