import { setTimeout as sleep } from 'node:timers/promises'
import type { Asking } from './job.ts'

/** Something that others must learn of a test, and that may be done late and more than once. */
export interface Errand {
  /** What is put off or given up, for the log. */
  readonly what: string
  readonly id: string
  readonly log: Asking['log']
  work(): Promise<void>
}

/** How soon a failed errand is tried again, and how long the growing pause gets. Milliseconds. */
export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
}

const PAUSES: Pauses = { firstMs: 250, longestMs: 10_000 }
const GROWTH = 1.5
/** Errands that may wait at once: each may hold a whole result. */
const LIMIT = 1_000

/** Errands that the stores may be away for. None of them keeps the process from its end. */
export class Errands {
  readonly #forMs: number
  readonly #pauses: Pauses
  readonly #limit: number
  #waiting = 0

  /** @param forMs how long an errand is tried before it is given up */
  constructor(forMs: number, pauses = PAUSES, limit = LIMIT) {
    this.#forMs = forMs
    this.#pauses = pauses
    this.#limit = limit
  }

  /** Tries once now, and where that fails goes on in the background. Never rejects. */
  async sooner(errand: Errand): Promise<void> {
    const { what, id, log, work } = errand
    try {
      await work()
    } catch (err) {
      log.error({ err, id }, `put off: ${what}`)
      void this.#later(errand, err)
    }
  }

  async #later({ what, id, log, work }: Errand, first: unknown): Promise<void> {
    let err = first
    if (this.#waiting < this.#limit) {
      this.#waiting += 1
      try {
        const deadline = performance.now() + this.#forMs
        for (let pauseMs = this.#pauses.firstMs; performance.now() < deadline; pauseMs *= GROWTH) {
          await sleep(Math.min(pauseMs, this.#pauses.longestMs), null, { ref: false })
          try {
            return await work()
          } catch (error) {
            err = error
          }
        }
      } finally {
        this.#waiting -= 1
      }
    }
    log.error({ err, id }, `given up: ${what}`)
  }
}
