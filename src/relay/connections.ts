import { isReady, openSession, type Route, type Session } from './session.ts'

/** A test lasts less than a minute; Debian's Sendmail refuses the eleventh connection in one (measured). */
const CONNECTIONS = 8

/** The connections of one visit: the session at hand, those that wait to be used, and how many there were. */
export class Connections {
  readonly #route: Route
  readonly #outOfStep: (session: Session) => void
  readonly #spares: Promise<Session>[] = []
  #first: Session | null = null
  #current: Session | null = null
  #opened = 0
  #tls = false

  /** @param outOfStep told of a session whose answers turn out not to fit the commands */
  constructor(route: Route, outOfStep: (session: Session) => void) {
    this.#route = route
    this.#outOfStep = outOfStep
  }

  /** The first session: what it showed of the server counts for all. */
  get first(): Session | null {
    return this.#first
  }

  get current(): Session | null {
    return this.#current
  }

  /** Whether sessions go on to TLS. */
  get tls(): boolean {
    return this.#tls
  }

  /** Opens the first connection, and so many more once it stands. */
  async begin(spares: number): Promise<void> {
    const connected = () => {
      for (let spare = 0; spare < spares; spare += 1) this.#spares.push(this.#open())
    }
    this.#first = await this.#open(connected)
    this.#current = this.#first
  }

  /** The session to go on with: the present one, or a new one where that has ended. */
  async live(): Promise<Session> {
    const over = this.#first?.failure !== null || performance.now() >= this.#route.deadline
    if (this.#current && (isReady(this.#current) || over)) return this.#current
    return this.goOnWith(await this.another())
  }

  /** A session beside the present one. */
  another(): Promise<Session> {
    return this.#spares.shift() ?? this.#open()
  }

  async goOnWith(session: Session): Promise<Session> {
    // Taken before the wait: several may come to an end at once, and each is to be ended by one.
    const previous = this.#current
    this.#current = session
    if (previous !== session) await this.end(previous)
    return session
  }

  /** From now on every session goes on to TLS, beginning with a new one. */
  async goOnInTls(): Promise<void> {
    this.#tls = true
    await this.leave()
  }

  /** Says farewell; a server that then is found out of step has answered something else than it was asked. */
  async end(session: Session | null): Promise<void> {
    if (!session?.connection) return
    await session.connection.quit()
    if (session.connection.fault === 'protocol-error') this.#outOfStep(session)
  }

  /** Ends every session; what follows comes on a new one. */
  async leave(): Promise<void> {
    const spares = await Promise.all(this.#spares.splice(0))
    await Promise.all([this.#current, ...spares].map((session) => this.end(session)))
  }

  async #open(connected?: () => void): Promise<Session> {
    if (this.#opened >= CONNECTIONS && this.#first) {
      return { ...this.#first, connection: null, failure: 'connection-limit' }
    }
    this.#opened += 1
    const opening = { number: this.#opened, tls: this.#tls }
    return openSession(this.#route, connected ? { ...opening, connected } : opening)
  }
}
