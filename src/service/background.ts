/** Retries for work that must not hold up an answer, such as storing a result while Redis is down. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.ts'

/** A write to the stores that may be done late, and more than once. */
export interface Task {
  /** The work in a few words, for the log. */
  readonly what: string
  /** The id of the test. */
  readonly id: string
  readonly log: Logger
  work(): Promise<void>
}

/** The first and the longest pause between two tries, in milliseconds. */
export interface Pauses {
  readonly firstMs: number
  readonly longestMs: number
}

const PAUSES: Pauses = { firstMs: 250, longestMs: 10_000 }
const GROWTH = 1.5
/** How many tasks may wait at once: each may hold a whole result in memory. */
const LIMIT = 1_000

/** Retries writes while the store is down. Pending retries do not keep the process alive. */
export class Background {
  readonly #forMs: number
  readonly #pauses: Pauses
  readonly #limit: number
  #waiting = 0

  /** @param forMs how long a task is tried before it is given up */
  constructor(forMs: number, pauses = PAUSES, limit = LIMIT) {
    this.#forMs = forMs
    this.#pauses = pauses
    this.#limit = limit
  }

  /** Tries a task once now, and goes on in the background if that fails. Never rejects. */
  async tryNowThenLater(task: Task): Promise<void> {
    const { what, id, log, work } = task
    try {
      await work()
    } catch (err) {
      log.error({ err, id }, `put off: ${what}`)
      void this.#retry(task, err)
    }
  }

  async #retry({ what, id, log, work }: Task, first: unknown): Promise<void> {
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
