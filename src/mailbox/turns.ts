/** Limits how much work the mailbox does in a second, so that nothing that strangers send there slows down the API. */

/** Gives out turns at a steady rate. Does not depend on the system clock. */
export class Turns {
  readonly #everyMs: number
  readonly #burstMs: number
  #nextAt = Number.NEGATIVE_INFINITY

  /**
   * @param perSecond how many turns there are in a second
   * @param burst how many turns can be taken at once after a quiet time
   */
  constructor(perSecond: number, burst: number) {
    this.#everyMs = 1000 / perSecond
    this.#burstMs = burst * this.#everyMs
  }

  /** Calls `go` when its turn comes: after this turn of the event loop at the earliest. */
  take(go: () => void): void {
    const now = performance.now()
    this.#nextAt = Math.max(this.#nextAt, now - this.#burstMs) + this.#everyMs
    const waitMs = this.#nextAt - now
    if (waitMs > 0) setTimeout(go, waitMs)
    else setImmediate(go)
  }
}
