/** Remembers when the mailbox of any replica turned a visitor away for a reason on our side. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Signals } from '../store/signals.ts'

/** How long a note is kept, in milliseconds. No test waits longer. */
const KEPT_MS = 24 * 3_600_000
/** The pause between two notes to the other replicas, in milliseconds. Trouble in that time is told afterwards. */
const PAUSE_MS = 1_000

/** The troubles of our mailbox. Times are `performance.now()` milliseconds. */
export class MailboxTrouble {
  readonly #signals: Signals
  #last = Number.NEGATIVE_INFINITY
  #told = Number.NEGATIVE_INFINITY
  #telling = false

  constructor(signals: Signals) {
    this.#signals = signals
  }

  /** Notes that our mailbox turned a visitor away now. */
  note(): void {
    this.#last = performance.now()
    if (!this.#telling) void this.#tell()
  }

  /** Whether any replica's mailbox turned a visitor away after `time`. True if the other replicas cannot be asked. */
  async since(time: number): Promise<boolean> {
    if (this.#last >= time) return true
    // Another replica may report its last trouble one pause late.
    const elapsed = performance.now() - time + PAUSE_MS
    return this.#signals.msSinceTrouble().then(
      (ms) => ms !== null && ms <= elapsed,
      () => true,
    )
  }

  /** Tells the other replicas, and tries again while the store is down. */
  async #tell(): Promise<void> {
    this.#telling = true
    while (this.#told < this.#last && performance.now() - this.#last < KEPT_MS) {
      const last = this.#last
      await this.#signals.noteTrouble(performance.now() - last).then(
        () => {
          this.#told = last
        },
        () => {},
      )
      await sleep(PAUSE_MS, undefined, { ref: false })
    }
    this.#telling = false
  }
}
