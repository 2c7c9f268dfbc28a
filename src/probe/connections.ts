/**
 * The connections of one test: the session at hand, sessions opened ahead of their use, and how many there were. It
 * counts them, so that no test opens more than its question allows.
 */
import { FIGURES } from './pace.ts'
import type { Server } from './server.ts'
import { failedSession, isReady, openSession, type Session, secure } from './session.ts'

/** A session that was opened ahead of its use; `greeted` is set once it has been greeted. */
interface Spare {
  readonly session: Promise<Session>
  greeted: Session | null
}

/** What stands between two questions. */
export interface Standing {
  /** How many connections were opened so far. */
  readonly opened: number
  /** How many of these were opened ahead and not used yet. */
  readonly spares: number
  readonly current: { readonly number: number; readonly isReady: boolean }
  /** Whether the newest session offers PIPELINING. */
  readonly pipelining: boolean
  /** Whether sessions go on to TLS. */
  readonly tls: boolean
}

/** The connections of one test. */
export class Connections {
  /** How many connections may have been opened, all in all. */
  limit: number = FIGURES.connections
  /** Whether only one connection may stand at a time, with a pause before each. */
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
   * Opens the first connection, and as soon as it stands that many more ahead of their use. A first one that the server
   * puts off or drops gets a second go: the server may only have been busy.
   */
  static async begin(server: Server, spares: number): Promise<Connections> {
    const connections = new Connections(server)
    const connected = () => {
      for (let spare = 0; spare < spares; spare += 1) connections.#spares.push(spareOf(connections.#open()))
    }
    const first = await connections.#open(connected)
    if (isPutOff(first)) await connections.end(first)
    connections.#first = isPutOff(first) ? await connections.another() : first
    connections.#current = connections.#first
    return connections
  }

  /** The first session. What it showed of the server holds for all. */
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

  /** Returns the session at hand, or a new one where that has ended. */
  async live(): Promise<Session> {
    const isOver = this.#first.failure !== null || this.#server.now() >= this.#server.deadline
    if (isReady(this.#current) || isOver) return this.#current
    return this.goOnWith(await this.another())
  }

  /** Returns a session beside the one at hand: one that was opened ahead, or a new one. */
  another(): Promise<Session> {
    return this.#spares.shift()?.session ?? this.#open()
  }

  /** Makes a session the one at hand, and ends the previous one. */
  async goOnWith(session: Session): Promise<Session> {
    // Set before the wait: several workers may get here at once, and each session is to be ended by one of them.
    const previous = this.#current
    this.#current = session
    if (previous !== session) await this.end(previous)
    return session
  }

  /** Lets every session go on to TLS from now on, beginning with those that were opened ahead. */
  async goOnInTls(): Promise<void> {
    this.#tls = true
    this.#spares = this.#spares.map(({ session }) =>
      spareOf(session.then((greeted) => (isReady(greeted) ? secure(greeted) : greeted))),
    )
    await this.leaveCurrent()
  }

  /** Ends the sessions opened ahead that the server has turned away by now, and says whether there were any. */
  async dropRefused(): Promise<boolean> {
    const isRefused = ({ greeted }: Spare) => greeted !== null && !isReady(greeted)
    const refused = this.#spares.filter(isRefused)
    this.#spares = this.#spares.filter((spare) => !isRefused(spare))
    await Promise.all(refused.map(({ greeted }) => greeted && this.end(greeted)))
    return refused.length > 0
  }

  /** Ends the session at hand. What follows comes on another one. */
  leaveCurrent(): Promise<void> {
    return this.end(this.#current)
  }

  /** Says QUIT. A server may show only then that its answers did not fit the commands. */
  async end({ connection, number }: Session): Promise<void> {
    if (!connection) return
    await connection.quit()
    if (connection.outOfStep) this.#outOfStep.add(number)
  }

  /** Ends every session. What follows comes on a new one. */
  async leave(): Promise<void> {
    const waiting = this.#spares.splice(0)
    const ended = waiting.map(async ({ session }) => this.end(await session))
    if (waiting.length > 0) {
      // A server that has not greeted us by now is not waited for.
      this.#unwanted.abort()
      this.#unwanted = new AbortController()
    }
    await Promise.all([this.end(this.#current), ...ended])
  }

  /** Returns the numbers of the sessions that showed at QUIT that they were out of step, each once. */
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

/** Whether a server ended the session before it said anything of use, or put us off. */
const isPutOff = ({ failure, turnedAway }: Session): boolean =>
  failure === 'dropped' || (failure === 'greeting-refused' && turnedAway !== null && turnedAway.reply.code < 500)

function spareOf(session: Promise<Session>): Spare {
  const spare: Spare = { session, greeted: null }
  void session.then((greeted) => {
    spare.greeted = greeted
  })
  return spare
}
