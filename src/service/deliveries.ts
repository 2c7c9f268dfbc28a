/** Matches the mail that arrives in our mailbox to the tests that sent it. */
import type { Arrival } from '../mailbox/intake.ts'
import { makeSecret } from '../mailbox/secret.ts'
import type { Secrets } from '../probe/message.ts'
import type { Seen } from '../relay/attempt.ts'
import { Withheld } from '../smtp/withheld.ts'
import { NO_SIGNALS, type Signal, type Signals, type TokenKind } from '../store/signals.ts'
import { type Expectation, type Expected, formsOf, kindOf, reportOn, saysMore, shortOf, waitFor } from './arrivals.ts'
import { MailboxTrouble } from './trouble.ts'

/** How long after a test a message still counts, in milliseconds. */
export const DELIVERY_TTL_MS = 24 * 3_600_000
/** How many tests may wait for late messages, and how many characters they may keep. The oldest make room. */
const LIMIT = 10_000
const WEIGHT_LIMIT = 64 * 1024 * 1024

/**
 * Matches arriving mail to the tests of this replica, and forwards the rest to the replica it belongs to. Only the
 * first message of a form counts.
 */
export class Deliveries {
  readonly #tests = new Map<string, Expected>()
  readonly #byToken = new Map<string, Set<Expected>>()
  readonly #signals: Signals
  readonly #startedAt = performance.now()
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
    const test: Expected = { secrets, withheld, seen: new Map(), expiresAt, tokens, onArrival: () => {}, weight: 0 }
    this.#tests.set(testId, test)
    for (const token of tokens.keys()) this.#byToken.set(token, (this.#byToken.get(token) ?? new Set()).add(test))
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
      troubled: (since) => this.trouble.since(since),
      seen: (form, ms, stop) => waitFor(test, form, ms, stop),
      settle: (late, weight) => {
        test.onArrival = late
        test.weight = weight
        this.#weight += weight
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
    for (const test of this.#byToken.get(token) ?? []) {
      if (performance.now() < test.expiresAt) return kindOf(test.tokens.get(token))
    }
    return this.#signals.kindOf(token)
  }

  /** Whether a token that we do not know may be valid. It lives for a day, so it can be older than this process. */
  mayHaveForgotten(): boolean {
    return performance.now() - this.#startedAt < DELIVERY_TTL_MS
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

  /** Passes an arrival to the test it belongs to. Returns whether there was one in this replica. */
  #take(signal: Signal): boolean {
    const { token, kind, peer, received, receivedAt, report } = signal
    let isOurs = false
    for (const test of this.#byToken.get(token) ?? []) {
      if (performance.now() >= test.expiresAt) continue
      for (const form of formsOf(test, signal)) {
        isOurs = true
        const texts = { helo: test.withheld.mask(signal.helo), received: received && test.withheld.mask(received) }
        const seen: Seen = { kind, peer, ...texts, receivedAt, report: report && reportOn(form, report) }
        if (!saysMore(seen, test.seen.get(form))) continue
        test.seen.set(form, seen)
        test.onArrival(form, seen)
      }
    }
    return isOurs
  }

  /** Returns what hides the secrets of a new test, and those of earlier tests of the day with the same addresses. */
  #withheldFor(tokens: Iterable<string>): Withheld {
    const withheld = new Withheld()
    const earlier = new Set([...tokens].flatMap((token) => [...(this.#byToken.get(token) ?? [])]))
    for (const { secrets } of earlier) for (const { header, body } of secrets.values()) withheld.add([header, body])
    return withheld
  }

  /** Forgets expired tests, and the oldest ones while there are too many. */
  #sweep(): void {
    for (const [id, test] of this.#tests) {
      const isRoom = this.#tests.size < LIMIT && this.#weight <= WEIGHT_LIMIT
      if (isRoom && performance.now() < test.expiresAt) break
      this.#forget(id, test)
    }
  }

  #forget(id: string, test: Expected): void {
    if (this.#tests.delete(id)) this.#weight -= test.weight
    for (const token of test.tokens.keys()) {
      const others = this.#byToken.get(token)
      others?.delete(test)
      if (others?.size === 0) this.#byToken.delete(token)
    }
  }
}
