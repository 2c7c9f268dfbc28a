import { setTimeout as sleep } from 'node:timers/promises'
import { isReady, openSession, type Route, type Session, secure } from './session.ts'

/** A test lasts less than a minute; Debian's Sendmail refuses the eleventh connection in one (measured). */
const CONNECTIONS = 8

/** Before another connection to a server that lets one of us in at a time: it may count the last one a moment longer. */
const PAUSE_MS = 200

/** A session that was opened in good time, and is what it is once it has been greeted. */
interface Spare {
  readonly session: Promise<Session>
  greeted: Session | null
}

/** The connections of one visit: the session at hand, those that wait to be used, and how many there were. */
export class Connections {
  readonly #route: Route
  readonly #outOfStep: (session: Session) => void
  #unwanted = new AbortController()
  #spares: Spare[] = []
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

  /** How many stand, or are about to, and were not used yet. */
  get spares(): number {
    return this.#spares.length
  }

  /** Opens the first connection, and so many more once it stands. One that is put off or cut off at once gets a second go. */
  async begin(spares: number): Promise<void> {
    const connected = () => {
      for (let spare = 0; spare < spares; spare += 1) this.#spares.push(spareOf(this.#open()))
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
    return this.#spares.shift()?.session ?? this.#open()
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
    this.#spares = this.#spares.map(({ session }) =>
      spareOf(session.then((greeted) => (isReady(greeted) ? secure(greeted) : greeted))),
    )
    await this.leaveCurrent()
  }

  /** From now on sessions are opened one after the other, with a pause before each. */
  goOnAlone(): void {
    this.#alone = true
  }

  /** Ends those of the sessions that wait which were turned away by now, and says whether there were any. */
  async hasRefusedSpares(): Promise<boolean> {
    const isRefused = ({ greeted }: Spare) => greeted !== null && !isReady(greeted)
    const refused = this.#spares.filter(isRefused)
    this.#spares = this.#spares.filter((spare) => !isRefused(spare))
    await Promise.all(refused.map(({ greeted }) => this.end(greeted)))
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
    if (session.connection.outOfStep) this.#outOfStep(session)
  }

  /** Ends every session; what follows comes on a new one. */
  async leave(): Promise<void> {
    const waiting = this.#spares.splice(0)
    const ended = waiting.map(async ({ session }) => this.end(await session))
    if (waiting.length > 0) {
      // Who has not greeted us by now is not waited for.
      this.#unwanted.abort()
      this.#unwanted = new AbortController()
    }
    await Promise.all([this.end(this.#current), ...ended])
  }

  async #open(connected?: () => void): Promise<Session> {
    if (this.#opened >= CONNECTIONS && this.#first) {
      return { ...this.#first, connection: null, failure: 'connection-limit' }
    }
    this.#opened += 1
    if (this.#alone) await sleep(PAUSE_MS, null, { signal: this.#route.stop }).catch(() => {})
    const opening = { number: this.#opened, tls: this.#tls, unwanted: this.#unwanted.signal }
    return openSession(this.#route, connected ? { ...opening, connected } : opening)
  }
}

/** Whether a server cut us off before it said anything of use, or put us off: it may only have been busy. */
const isPutOff = ({ failure, turnedAway }: Session): boolean =>
  failure === 'dropped' || (failure === 'greeting-refused' && turnedAway !== null && turnedAway.reply.code < 500)

function spareOf(session: Promise<Session>): Spare {
  const spare: Spare = { session, greeted: null }
  void session.then((greeted) => {
    spare.greeted = greeted
  })
  return spare
}
