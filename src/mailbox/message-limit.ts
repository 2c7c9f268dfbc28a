/** Limits how many messages one test address takes, so that nobody who knows one can keep the service busy with it. */

/** A test brings one message to an address, or some reports. Tests of one day can share their addresses. */
const MAX_MESSAGES = 20
const WINDOW_MS = 600_000

/** Counts the messages of each test address in fixed windows of ten minutes. */
export class MessageLimit {
  readonly #windows = new Map<string, { messages: number; readonly endsAt: number }>()

  /** Counts a message, and returns whether its test address has taken too many. */
  isTooMany(token: string): boolean {
    const now = performance.now()
    // A Map keeps the order of insertion, so the first window is the oldest.
    for (const [oldest, { endsAt }] of this.#windows) {
      if (now < endsAt) break
      this.#windows.delete(oldest)
    }
    const window = this.#windows.get(token) ?? { messages: 0, endsAt: now + WINDOW_MS }
    window.messages += 1
    this.#windows.set(token, window)
    return window.messages > MAX_MESSAGES
  }
}
