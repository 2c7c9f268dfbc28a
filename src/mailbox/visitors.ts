/**
 * Knows who is connected to the mailbox, and decides who may stay. A client that brings no mail to a test address
 * can neither keep others out nor make a test doubt its result (docs/threat-model.md).
 */

/** One connection to the mailbox. */
export interface Visitor {
  /** The network that it comes from. Its connections are counted together. */
  readonly source: string
  /** When it came, or when its last message was accepted, in `performance.now()` milliseconds. */
  since: number
  /** Its commands since then. */
  commands: number
  /** The test addresses that it named. */
  readonly named: Set<string>
  /** Closes the connection with a 421 reply. */
  hangUp(text: string): void
}

const MAX_VISITORS = 200
/** A smarthost brings the mail of many tests at once, so one source may have many connections, but not all. */
const MAX_OF_SOURCE = 100
/** After this time, a visitor that brought no message makes room for a new one. Mail servers take a second or two. */
const PATIENCE_MS = 5_000
/** How long a source that named a test address counts as one that brings mail of tests, in milliseconds. */
const KNOWN_MS = 3_600_000
/** How long a source that was turned away can still show that it brings mail of tests. A test waits that long. */
const LATER_MS = 60_000
/** How many sources are remembered, each with one time. The oldest are forgotten. */
const MAX_REMEMBERED = 10_000

/** All connections to the mailbox. */
export class Visitors {
  readonly #here = new Set<Visitor>()
  readonly #known = new Map<string, number>()
  readonly #turnedAway = new Map<string, number>()
  readonly #troubled: () => void

  /** @param troubled called when we turned away a source that may have brought the mail of a test */
  constructor(troubled: () => void) {
    this.#troubled = troubled
  }

  /** Lets a visitor in and returns null, or returns why it cannot come in. */
  admit(visitor: Visitor): string | null {
    const own = this.#countOf(visitor.source)
    if (own >= MAX_OF_SOURCE) {
      this.turnAway(visitor.source)
      return 'too many connections from your address'
    }
    if (this.#here.size >= MAX_VISITORS && !this.#makeRoom(own)) {
      // Nobody can tell whether this one brings the mail of a test.
      this.#troubled()
      return 'too many connections'
    }
    this.#here.add(visitor)
    return null
  }

  /** Forgets a visitor whose connection has ended. */
  leave(visitor: Visitor): void {
    this.#here.delete(visitor)
  }

  /** Notes that a visitor named a test address. Its source may be the smarthost of a server that is tested. */
  naming(visitor: Visitor, token: string): void {
    visitor.named.add(token)
    if (isWithin(this.#turnedAway.get(visitor.source), LATER_MS)) this.#troubled()
    this.#turnedAway.delete(visitor.source)
    remember(this.#known, visitor.source)
  }

  /** Notes that a source was turned away. Only a source that names test addresses can bring mail of tests. */
  turnAway(source: string): void {
    if (isWithin(this.#known.get(source), KNOWN_MS)) this.#troubled()
    else remember(this.#turnedAway, source)
  }

  /**
   * Ends one connection to make room for a source that has `own` connections: an idle one, or one of a source with more
   * connections. Prefers one that named no test address, then the source with the most. Returns whether there was one.
   */
  #makeRoom(own: number): boolean {
    const shares = new Map<string, number>()
    for (const { source } of this.#here) shares.set(source, (shares.get(source) ?? 0) + 1)
    const shareOf = ({ source }: Visitor) => shares.get(source) ?? 0
    const isIdle = ({ since }: Visitor) => performance.now() - since >= PATIENCE_MS
    const [last] = [...this.#here]
      .filter((one) => isIdle(one) || (one.named.size === 0 && shareOf(one) > own + 1))
      .sort((a, b) => Math.sign(a.named.size) - Math.sign(b.named.size) || shareOf(b) - shareOf(a) || a.since - b.since)
    if (!last) return false
    this.#here.delete(last)
    this.turnAway(last.source)
    last.hangUp('too many connections')
    return true
  }

  #countOf(source: string): number {
    let count = 0
    for (const one of this.#here) if (one.source === source) count += 1
    return count
  }
}

const isWithin = (time: number | undefined, ms: number): boolean => time !== undefined && performance.now() - time < ms

function remember(times: Map<string, number>, source: string): void {
  times.delete(source)
  times.set(source, performance.now())
  for (const oldest of times.keys()) {
    if (times.size <= MAX_REMEMBERED) break
    times.delete(oldest)
  }
}
