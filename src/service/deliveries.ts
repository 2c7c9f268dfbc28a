/** Matches the mail that arrives in our mailbox to the tests that sent it. */
import type { Arrival } from '../mailbox/intake.ts'
import { makeNonce } from '../mailbox/nonce.ts'
import type { Seen } from '../relay/attempt.ts'
import { NO_SIGNALS, type Signal, type Signals, type TokenKind } from '../store/signals.ts'
import { type Expected, formsOf, kindOf, waitFor } from './arrivals.ts'

/** The mail that one test may receive: a message for each form, and bounces to its sender. */
export interface Expectation {
  /** Resolves when the mailbox of every replica knows the tokens. */
  readonly announced: Promise<void>
  /** Returns the secret that proves which form a message belongs to. No output ever shows it. */
  nonceOf(form: string): string
  /** Waits for the message of a form, or its bounce. Null after `ms` milliseconds, or when `stop` is aborted. */
  seen(form: string, ms: number, stop: AbortSignal): Promise<Seen | null>
  /** Passes earlier and later arrivals to `late`, which keeps `weight` characters in memory. */
  settle(late: (form: string, seen: Seen) => void, weight: number): void
  /** Forgets the test: nothing was sent, so nothing can arrive. */
  forget(): void
}

/** How long after a test a message still counts, in milliseconds. */
export const DELIVERY_TTL_MS = 24 * 3_600_000
/** How many tests may wait for late messages, and how many characters they may keep. Beyond it, forgets the oldest. */
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
  #weight = 0

  constructor(signals: Signals = NO_SIGNALS) {
    this.#signals = signals
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
    const test: Expected = { nonces: new Map(), seen: new Map(), expiresAt, tokens, onArrival: () => {}, weight: 0 }
    this.#tests.set(testId, test)
    for (const token of tokens.keys()) this.#byToken.set(token, (this.#byToken.get(token) ?? new Set()).add(test))
    const kinds = new Map([...tokens].map(([token, form]) => [token, kindOf(form)]))
    return {
      announced: this.#signals.announce(testId, kinds, DELIVERY_TTL_MS),
      nonceOf(form) {
        const nonce = test.nonces.get(form) ?? makeNonce()
        test.nonces.set(form, nonce)
        return nonce
      },
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
        // A token that stays known does no harm: no test waits for its mail.
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

  /** Takes mail from the mailbox. Rejects if it is for another replica, and the store cannot be reached. */
  async arrived({ token, kind, nonces, peer, helo, received, receivedAt }: Arrival): Promise<void> {
    const last = received.at(-1) ?? null
    const signal: Signal = {
      token,
      kind,
      peer,
      helo,
      received: last,
      receivedAt: receivedAt.toISOString(),
      nonces: [...nonces],
    }
    const isOurs = this.#take(signal)
    // A nonce belongs to one test. A bounce without a nonce may belong to tests of several replicas.
    if (!isOurs || kind === 'bounce') await this.#signals.send(signal)
  }

  /** Passes an arrival to the tests it belongs to. Returns whether there was one in this replica. */
  #take({ token, nonces, ...arrival }: Signal): boolean {
    const seen: Seen = { ...arrival, report: arrival.kind === 'bounce' ? 'unclear' : null }
    let isOurs = false
    for (const test of this.#byToken.get(token) ?? []) {
      if (performance.now() >= test.expiresAt) continue
      for (const form of formsOf(test, token, seen.kind, nonces)) {
        isOurs = true
        // A message counts more than a bounce, whichever came first.
        const known = test.seen.get(form)
        if (known && (known.kind === seen.kind || known.kind === 'message')) continue
        test.seen.set(form, seen)
        test.onArrival(form, seen)
      }
    }
    return isOurs
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
