/** A map whose entries expire. If there are more than `limit`, it deletes the oldest. */
export class Expiring<V> {
  readonly #entries = new Map<string, { readonly value: V; readonly expiresAt: number }>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): V | null {
    const entry = this.#entries.get(key)
    return entry && performance.now() < entry.expiresAt ? entry.value : null
  }

  set(key: string, value: V, ttlMs: number): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, expiresAt: performance.now() + ttlMs })
    // A Map keeps the order of insertion, so the first entry is the oldest.
    for (const [oldest, { expiresAt }] of this.#entries) {
      if (this.#entries.size <= this.#limit && performance.now() < expiresAt) break
      this.#entries.delete(oldest)
    }
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** Returns each key with its value and the milliseconds that it has left. */
  *entries(): Iterable<readonly [key: string, value: V, ttlMs: number]> {
    for (const [key, { value, expiresAt }] of this.#entries) {
      const ttlMs = expiresAt - performance.now()
      if (ttlMs > 0) yield [key, value, ttlMs]
    }
  }
}
