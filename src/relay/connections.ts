import { setTimeout as sleep } from 'node:timers/promises'
import { isReady, openSession, type Route, type Session, secure } from './session.ts'

/** A test lasts less than a minute; Debian's Sendmail refuses the eleventh connection in one (measured). */
const CONNECTIONS = 8

/** Before another connection to a server that lets one of us in at a time: it may count the last one a moment longer. */
const PAUSE_MS = 200

/** The connections of one visit: the session at hand, those that wait to be used, and how many there were. */
export class Connections {
  readonly #route: Route
  readonly #outOfStep: (session: Session) => void
  #spares: Promise<Session>[] = []
  #first: Session | null = null
  #current: Session | null = null
  #opened = 0
  #tls = false
  #alone = false

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

  /** How many more there may be. */
  get left(): number {
    return CONNECTIONS - this.#opened + this.#spares.length
  }

  /** Opens the first connection, and so many more once it stands. One that is put off or cut off at once gets a second go. */
  async begin(spares: number): Promise<void> {
    const connected = () => {
      for (let spare = 0; spare < spares; spare += 1) this.#spares.push(this.#open())
    }
    const first = await this.#open(connected)
    if (isPutOff(first)) await this.end(first)
    this.#first = isPutOff(first) ? await this.another() : first
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

  /** From now on every session goes on to TLS, beginning with those that wait: none has been asked anything yet. */
  async goOnInTls(): Promise<void> {
    this.#tls = true
    this.#spares = this.#spares.map(async (spare) => {
      const session = await spare
      return isReady(session) ? secure(session) : session
    })
    await this.leaveCurrent()
  }

  /** From now on sessions are opened one after the other, with a pause before each. */
  goOnAlone(): void {
    this.#alone = true
  }

  /** Ends those of the sessions that wait which were turned away, and says whether there were any. */
  async hasRefusedSpares(): Promise<boolean> {
    const spares = await Promise.all(this.#spares)
    const refused = spares.filter((session) => !isReady(session))
    this.#spares = spares.filter(isReady).map((session) => Promise.resolve(session))
    await Promise.all(refused.map((session) => this.end(session)))
    return refused.length > 0
  }

  /** Ends the session at hand; what follows comes on another one. */
  leaveCurrent(): Promise<void> {
    return this.end(this.#current)
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
    if (this.#alone) await sleep(PAUSE_MS, null, { signal: this.#route.stop }).catch(() => {})
    const opening = { number: this.#opened, tls: this.#tls }
    return openSession(this.#route, connected ? { ...opening, connected } : opening)
  }
}

/** Whether a server cut us off before it said anything of use, or put us off: it may only have been busy. */
const isPutOff = ({ failure, turnedAway }: Session): boolean =>
  failure === 'dropped' || (failure === 'greeting-refused' && turnedAway !== null && turnedAway.reply.code < 500)
