/** How long a ban usually lasts, and refusals count towards one: fail2ban's findtime and bantime. */
const BAN_MS = 600_000
const LIMIT = 10_000

/** Which addresses refused something of ours lately, in this replica. */
export class Refusals {
  readonly #at = new Map<string, number>()

  note(address: string): void {
    // A Map keeps the order of insertion, so the first is the oldest.
    this.#at.delete(address)
    this.#at.set(address, performance.now())
    for (const [oldest] of this.#at) {
      if (this.#at.size <= LIMIT && this.recently(oldest)) break
      this.#at.delete(oldest)
    }
  }

  recently(address: string): boolean {
    const at = this.#at.get(address)
    return at !== undefined && performance.now() - at < BAN_MS
  }
}
