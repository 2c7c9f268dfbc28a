/** Matches the mail that arrives in our mailbox to the tests that sent it. */
import type { Arrival } from '../mailbox/intake.ts'
import { makeSecret } from '../mailbox/secret.ts'
import type { Secrets } from '../probe/message.ts'
import type { Seen } from '../relay/attempt.ts'
import { Withheld } from '../smtp/withheld.ts'
import { Expiring } from '../store/expiring.ts'
import { NO_SIGNALS, type Signal, type Signals, type TokenKind } from '../store/signals.ts'
import { type Expectation, type Expected, formsOf, kindOf, reportOn, saysMore, shortOf, waitFor } from './arrivals.ts'
import { MailboxTrouble } from './trouble.ts'

/** How long after a test a message still counts, in milliseconds. */
export const DELIVERY_TTL_MS = 24 * 3_600_000
/** How many tests may wait for late messages, and how many bytes they may keep. The oldest make room. */
const LIMIT = 10_000
const WEIGHT_LIMIT = 64 * 1024 * 1024
/** What a test keeps besides its bytes: its tokens and secrets, and their places in maps (measured). */
const OWN_WEIGHT = 4 * 1024
/** How often the other replicas are told that mail to one token was turned away, in milliseconds. */
const TELL_AGAIN_MS = 1_000
/** How many tokens of other replicas are remembered for that. */
const TOLD_LIMIT = 10_000

/**
 * Matches arriving mail to the tests of this replica, and forwards the rest to the replica it belongs to. Only the
 * first message of a form counts.
 */
export class Deliveries {
  readonly #tests = new Map<string, Expected>()
  readonly #byToken = new Map<string, readonly Expected[]>()
  /** The tokens whose replica was told a moment ago that their mail was turned away. */
  readonly #told = new Expiring<true>(TOLD_LIMIT)
  readonly #signals: Signals
  /** When a valid token was last forgotten: at the start of the process, or when there was no room for its test. */
  #forgotAt = performance.now()
  /** When our mailbox turned somebody away for a reason of its own. */
  readonly trouble: MailboxTrouble
  #weight = 0

  constructor(signals: Signals = NO_SIGNALS) {
    this.#signals = signals
    this.trouble = new MailboxTrouble(signals)
    signals.listen((signal) => this.#take(signal))
  }

  /**
   * Starts to expect the mail of a test.
   *
   * @param tokens the form of each local part, or `sender`
   */
  expect(testId: string, tokens: ReadonlyMap<string, string>): Expectation {
    this.#sweep()
    const expiresAt = performance.now() + DELIVERY_TTL_MS
    const withheld = this.#withheldFor(tokens.keys())
    const secrets = new Map<string, Secrets>()
    const started = { turnedAwayAt: Number.NEGATIVE_INFINITY, onArrival: () => {}, weight: 0 }
    const test: Expected = { secrets, seen: new Map(), expiresAt, tokens, ...started }
    this.#tests.set(testId, test)
    for (const token of tokens.keys()) this.#byToken.set(token, [...this.#expecting(token), test])
    const kinds = new Map([...tokens].map(([token, form]) => [token, kindOf(form)]))
    return {
      announced: this.#signals.announce(testId, kinds, DELIVERY_TTL_MS),
      withheld,
      secretsOf(form) {
        const known = secrets.get(form)
        if (known) return known
        const made = { header: makeSecret(), body: makeSecret() }
        secrets.set(form, made)
        withheld.add([made.header, made.body])
        return made
      },
      troubled: async (since) => test.turnedAwayAt >= since || this.trouble.since(since),
      seen: (form, ms, stop) => waitFor(test, form, ms, stop),
      settle: (late, weight) => {
        this.#dropUnsent(test)
        test.onArrival = late
        test.weight = weight + OWN_WEIGHT
        this.#weight += test.weight
        this.#sweep()
        // Mail that arrived before this call has not been passed on yet.
        for (const [form, seen] of test.seen) late(form, seen)
      },
      forget: () => {
        this.#forget(testId, test)
        // If this fails, the token stays known. That does no harm: no test waits for its mail.
        this.#signals.withdraw(testId, tokens.keys()).catch(() => {})
      },
    }
  }

  /** Returns which kind of test address a local part is, or null. Rejects if the store cannot be reached. */
  async knows(token: string): Promise<TokenKind | null> {
    for (const test of this.#expecting(token)) {
      if (performance.now() < test.expiresAt) return kindOf(test.tokens.get(token))
    }
    return this.#signals.kindOf(token)
  }

  /** Whether a token that we do not know may be valid. It lives for a day, so it can be older than this process. */
  mayHaveForgotten(): boolean {
    return performance.now() - this.#forgotAt < DELIVERY_TTL_MS
  }

  /**
   * Takes mail from the mailbox. Returns whether it may belong to a test: mail without a secret belongs to none.
   * Rejects if it is for another replica, and the store cannot be reached.
   */
  async arrived({ token, kind, secrets, peer, helo, received, receivedAt, report }: Arrival): Promise<boolean> {
    if (secrets.length === 0) return false
    const signal: Signal = {
      token,
      kind,
      peer,
      helo,
      received: received.at(-1) ?? null,
      receivedAt: receivedAt.toISOString(),
      secrets: [...secrets],
      report: report && shortOf(report),
    }
    if (this.#take(signal)) return true
    // A secret belongs to one test.
    await this.#signals.send(signal)
    return this.#signals !== NO_SIGNALS
  }

  /**
   * Notes that the mailbox turned away mail to some tokens. Their tests cannot rely on silence then. The replicas of
   * other tests are told with a signal without a secret.
   */
  turnedAway(tokens: Iterable<string>): void {
    for (const token of tokens) {
      if (this.#noteTurnedAway(token) || this.#told.get(token)) continue
      this.#told.set(token, true, TELL_AGAIN_MS)
      const nothing = { peer: '', helo: '', received: null, receivedAt: new Date().toISOString(), report: null }
      // A store that cannot be reached is a trouble of its own, which the tests notice.
      this.#signals.send({ token, kind: 'message', secrets: [], ...nothing }).catch(() => {})
    }
  }

  #noteTurnedAway(token: string): boolean {
    const tests = this.#expecting(token)
    for (const test of tests) test.turnedAwayAt = performance.now()
    return tests.length > 0
  }

  /** Passes an arrival to the test it belongs to. Returns whether there was one in this replica. */
  #take(signal: Signal): boolean {
    const { token, kind, peer, received, receivedAt, report } = signal
    if (signal.secrets.length === 0) return this.#noteTurnedAway(token)
    let isOurs = false
    for (const test of this.#expecting(token)) {
      if (performance.now() >= test.expiresAt) continue
      for (const form of formsOf(test, signal)) {
        isOurs = true
        const withheld = this.#withheldFor(test.tokens.keys())
        const texts = { helo: withheld.mask(signal.helo), received: received && withheld.mask(received) }
        const seen: Seen = { kind, peer, ...texts, receivedAt, report: report && reportOn(form, report) }
        if (!saysMore(seen, test.seen.get(form))) continue
        test.seen.set(form, seen)
        test.onArrival(form, seen)
      }
    }
    return isOurs
  }

  /** Returns what hides the secrets of a test, and those of other tests of the day with the same addresses. */
  #withheldFor(tokens: Iterable<string>): Withheld {
    const withheld = new Withheld()
    const tests = new Set([...tokens].flatMap((token) => this.#expecting(token)))
    for (const { secrets } of tests) for (const { header, body } of secrets.values()) withheld.add([header, body])
    return withheld
  }

  /** Forgets expired tests, and the oldest ones while there are too many. */
  #sweep(): void {
    for (const [id, test] of this.#tests) {
      const isRoom = this.#tests.size < LIMIT && this.#weight <= WEIGHT_LIMIT
      const isExpired = performance.now() >= test.expiresAt
      if (isRoom && !isExpired) break
      if (!isExpired) this.#forgotAt = performance.now()
      this.#forget(id, test)
    }
  }

  #forget(id: string, test: Expected): void {
    if (this.#tests.delete(id)) this.#weight -= test.weight
    for (const token of test.tokens.keys()) this.#drop(token, test)
  }

  /** Forgets the tokens of forms that sent no message. Nothing can arrive for them, and a day is long. */
  #dropUnsent(test: Expected): void {
    const isUsed = (form: string) => test.secrets.has(form) || kindOf(form) === 'sender'
    for (const [token, form] of test.tokens) if (!isUsed(form)) this.#drop(token, test)
    test.tokens = new Map([...test.tokens].filter(([, form]) => isUsed(form)))
  }

  #drop(token: string, test: Expected): void {
    const others = this.#expecting(token).filter((other) => other !== test)
    if (others.length > 0) this.#byToken.set(token, others)
    else this.#byToken.delete(token)
  }

  /** Returns the tests that a token belongs to: those of one server on one day. */
  #expecting(token: string): readonly Expected[] {
    return this.#byToken.get(token) ?? []
  }
}
