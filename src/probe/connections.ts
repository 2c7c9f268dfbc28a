/** Manages the connections of one test. It counts them, so that no test opens more than its question allows. */
import { type FirstConnections, type FirstOpening, openFirst } from './first-session.ts'
import { FIGURES } from './pace.ts'
import type { Server } from './server.ts'
import { failedSession, isReady, openSession, type Session } from './session.ts'

/** The state of the connections between two questions. */
export interface ConnectionState {
  /** How many connections were opened so far. */
  readonly opened: number
  readonly current: { readonly number: number; readonly isReady: boolean }
  /** Whether the current session offers PIPELINING. */
  readonly pipelining: boolean
  /** Whether sessions start TLS. */
  readonly tls: boolean
  /** Whether only one connection may be open at a time. */
  readonly alone: boolean
}

/** The connections of one test. */
export class Connections implements FirstConnections {
  /** How many connections the test may open in all. */
  limit: number = FIGURES.connections
  /** Whether only one connection may be open at a time, with a pause before each new one. */
  alone = false
  readonly server: Server
  tlsFirst: boolean
  #first: Session
  #current: Session
  #opened = 0
  #tls = false
  readonly #outOfStep = new Set<number>()
  readonly #ending: Promise<void>[] = []

  /** How many connections the same test opened before: at another vantage, or in an earlier visit. */
  readonly #before: number

  private constructor(server: Server, before: number) {
    this.server = server
    this.#before = before
    this.tlsFirst = server.tlsFirst
    this.#first = failedSession(1, 'dropped')
    this.#current = this.#first
  }

  /**
   * Opens the first connection. If the server drops or defers the first session, it may only have been busy: opens
   * another one, after a pause.
   *
   * @param before how many connections the same test opened before
   */
  static async begin(server: Server, before: number): Promise<Connections> {
    const connections = new Connections(server, before)
    connections.#first = await openFirst(connections)
    connections.#current = connections.#first
    return connections
  }

  /** The number of the last connection that was opened. */
  get lastNumber(): number {
    return this.#before + this.#opened
  }

  /** The first session. Its greeting and extensions count for the whole test. */
  get first(): Session {
    return this.#first
  }

  get current(): Session {
    return this.#current
  }

  get standing(): ConnectionState {
    const { number, tls } = this.#current
    return {
      opened: this.#opened,
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
    return this.goOnWith(await this.open())
  }

  /** Makes a session the current one, and ends the previous one. */
  async goOnWith(session: Session): Promise<Session> {
    // Set before the wait, because several workers can get here at once, and each must end a different session.
    const previous = this.#current
    this.#current = session
    if (previous !== session) await this.end(previous)
    return session
  }

  /** Starts TLS on every later session. Ends the current one. */
  async goOnInTls(): Promise<void> {
    this.#tls = true
    await this.leaveCurrent()
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

  /** Ends every session. */
  async leave(): Promise<void> {
    await Promise.all([this.end(this.#current), ...this.#ending])
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

  /** Opens a session, if the test may have another connection. */
  async open(opening: FirstOpening = { tlsFirst: this.tlsFirst }): Promise<Session> {
    if (this.#opened >= this.limit) return { ...this.#first, connection: null, failure: 'connection-limit' }
    this.#opened += 1
    const number = this.lastNumber
    if (this.alone) await this.server.pause(FIGURES.pauseMs)
    return openSession(this.server, { ...opening, number, tls: this.#tls })
  }
}
