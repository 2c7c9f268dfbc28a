/** Remembers in one replica which test addresses are valid, and which tests they belong to. */
import { z } from 'zod'

/** The kind of a test address: the recipient of a form, the recipient of the MX-steered form, or the sender of all. */
export const tokenKind = z.enum(['recipient', 'steered', 'sender'])
export type TokenKind = z.output<typeof tokenKind>

/** The tokens of one test. */
interface Announced {
  readonly kinds: Map<string, TokenKind>
  readonly expiresAt: number
}

/** The tokens of tests, limited in number. The oldest test makes room. */
export class Tokens {
  readonly #limit: number
  readonly #tests = new Map<string, Announced>()
  readonly #byToken = new Map<string, Set<string>>()
  #forgotAt = Number.NEGATIVE_INFINITY

  constructor(limit: number) {
    this.#limit = limit
  }

  /** When tokens that were still valid last made room for others, in `performance.now()` milliseconds. */
  get forgotAt(): number {
    return this.#forgotAt
  }

  /** Sets the tokens of a test, for `ttlMs` milliseconds. */
  announce(testId: string, kinds: ReadonlyMap<string, TokenKind>, ttlMs: number): void {
    this.#forget(testId)
    this.#tests.set(testId, { kinds: new Map(kinds), expiresAt: performance.now() + ttlMs })
    for (const token of kinds.keys()) {
      const tests = this.#byToken.get(token) ?? new Set()
      this.#byToken.set(token, tests.add(testId))
    }
    for (const [oldest, { expiresAt }] of this.#tests) {
      const isExpired = performance.now() >= expiresAt
      if (this.#tests.size <= this.#limit && !isExpired) break
      if (!isExpired) this.#forgotAt = performance.now()
      this.#forget(oldest)
    }
  }

  /** Removes tokens of a test. */
  withdraw(testId: string, tokens: Iterable<string>): void {
    for (const token of tokens) {
      this.#tests.get(testId)?.kinds.delete(token)
      this.#drop(token, testId)
    }
    if (this.#tests.get(testId)?.kinds.size === 0) this.#tests.delete(testId)
  }

  /** Returns the tests of a valid token. */
  testsOf(token: string): readonly string[] {
    const now = performance.now()
    return [...(this.#byToken.get(token) ?? [])].filter((id) => now < (this.#tests.get(id)?.expiresAt ?? now))
  }

  /** Returns the kind of a valid token, or null. */
  kindOf(token: string): TokenKind | null {
    const [id = ''] = this.testsOf(token)
    return this.#tests.get(id)?.kinds.get(token) ?? null
  }

  #forget(testId: string): void {
    for (const token of this.#tests.get(testId)?.kinds.keys() ?? []) this.#drop(token, testId)
    this.#tests.delete(testId)
  }

  #drop(token: string, testId: string): void {
    const tests = this.#byToken.get(token)
    tests?.delete(testId)
    if (tests?.size === 0) this.#byToken.delete(token)
  }
}
