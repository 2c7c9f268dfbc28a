import type { Arrival } from '../mailbox/intake.ts'
import { makeNonce } from '../mailbox/nonce.ts'
import type { Seen } from '../relay/attempt.ts'
import { NO_SIGNALS, type Signal, type Signals, type TokenKind } from '../store/signals.ts'

/** What a test expects in the mailbox: a token and nonce for each form, and bounces at its sender. */
export interface Expectation {
  /** Settled when the mailbox of every replica knows the tokens. */
  readonly announced: Promise<void>
  /** What the message of a form must carry to prove anything. No output ever shows it. */
  nonceOf(form: string): string
  /** The arrival of a form's message, or its bounce; null after `ms`, or when nobody waits any more. */
  seen(form: string, ms: number, stop: AbortSignal): Promise<Seen | null>
  /** What arrived, and what will, goes to `late` instead, which keeps so many characters in memory. */
  settle(late: (form: string, seen: Seen) => void, weight: number): void
  /** Forgets the test: nothing was sent, so nothing can come. */
  forget(): void
}

interface Expected {
  readonly nonces: Map<string, string>
  readonly seen: Map<string, Seen>
  readonly expiresAt: number
  readonly tokens: ReadonlyMap<string, string>
  told: (form: string, seen: Seen) => void
  /** Characters that are kept for the sake of what may still arrive. */
  weight: number
}

/** The form that bounces come to: all forms of a test share their sender. */
const SENDER = 'sender'

/** How long a message may be under way before it proves nothing any more. */
export const DELIVERY_TTL_MS = 24 * 3_600_000
/** Tests that can still hear of a message, and the characters kept for them: beyond, the oldest hear no more. */
const LIMIT = 10_000
const WEIGHT_LIMIT = 64 * 1024 * 1024

/**
 * What the tests of this replica wait for; what comes for those of others is told to them. Every token is good for one
 * arrival of each form's own nonce.
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

  /** @param tokens local part → form, or `sender` */
  expect(testId: string, tokens: ReadonlyMap<string, string>): Expectation {
    this.#sweep()
    const expiresAt = performance.now() + DELIVERY_TTL_MS
    const test: Expected = { nonces: new Map(), seen: new Map(), expiresAt, tokens, told: () => {}, weight: 0 }
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
        test.told = late
        test.weight = weight
        this.#weight += weight
        this.#sweep()
        // What came after the wait and before now has been told to nobody.
        for (const [form, seen] of test.seen) late(form, seen)
      },
      forget: () => {
        this.#forget(testId, test)
        // Tokens that stay known are no harm: nobody waits for what comes to them.
        this.#signals.withdraw(testId, tokens.keys()).catch(() => {})
      },
    }
  }

  /** Which kind of test address a local part is now, or null. */
  async knows(token: string): Promise<TokenKind | null> {
    for (const test of this.#byToken.get(token) ?? []) {
      if (performance.now() < test.expiresAt) return kindOf(test.tokens.get(token))
    }
    return this.#signals.kindOf(token)
  }

  /** Takes what the mailbox got; rejects where it is for another replica that cannot be told now. */
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
    // A nonce is that of one test; a bounce without one may mean tests of several replicas.
    if (!isOurs || kind === 'bounce') await this.#signals.send(signal)
  }

  /** Without the nonce of the form a message proves nothing; seen once is seen. Returns whether a test here was meant. */
  #take({ token, nonces, ...seen }: Signal): boolean {
    let meant = false
    for (const test of this.#byToken.get(token) ?? []) {
      if (performance.now() >= test.expiresAt) continue
      for (const form of formsOf(test, token, seen.kind, nonces)) {
        meant = true
        // A message that arrived outweighs a bounce, whichever came first.
        const known = test.seen.get(form)
        if (known && (known.kind === seen.kind || known.kind === 'message')) continue
        test.seen.set(form, seen)
        test.told(form, seen)
      }
    }
    return meant
  }

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

const kindOf = (form: string | undefined): TokenKind => (form === SENDER ? SENDER : 'recipient')

/** The forms that an arrival speaks of: a bounce may return the message with its nonce; else it is that of the only one sent. */
function formsOf(test: Expected, token: string, kind: Seen['kind'], nonces: readonly string[]): string[] {
  const named = [...test.nonces].filter(([, nonce]) => nonces.includes(nonce)).map(([form]) => form)
  if (kind === 'message') return named.filter((form) => test.tokens.get(token) === form)
  return named.length > 0 ? named : test.nonces.size === 1 ? [...test.nonces.keys()] : []
}

function waitFor(test: Expected, form: string, ms: number, stop: AbortSignal): Promise<Seen | null> {
  const known = test.seen.get(form)
  if (known || stop.aborted) return Promise.resolve(known ?? null)
  return new Promise((resolve) => {
    const before = test.told
    const end = (seen: Seen | null) => {
      clearTimeout(timer)
      stop.removeEventListener('abort', left)
      resolve(seen)
    }
    const left = () => end(null)
    const timer = setTimeout(left, ms)
    stop.addEventListener('abort', left)
    test.told = (which, seen) => {
      before(which, seen)
      if (which === form) end(seen)
    }
  })
}
