/** Puts the events of one caller into its queue in their order, even if the queue cannot be reached for a while. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from '../queue/queue.ts'
import { StoreUnavailable } from '../store/unavailable.ts'
import type { IdentifiedEvent } from './events.ts'
import type { Notes } from './notes.ts'
import { type Outgoing, outgoingOf } from './signing.ts'

/** Finds events. Called again if the store could not be reached. */
export type FindEvents = () => Promise<readonly IdentifiedEvent[]>

/** How many calls may wait for a queue that cannot be reached. */
const LIMIT = 1_000
/** How long to wait between two attempts to reach the queue. */
const REACH_MS = 500
/** How long a call waits for a queue that cannot be reached, in milliseconds. */
const PATIENCE_MS = 2_000

/** Keeps the events of one caller until they are in its queue. */
export class Outbox {
  readonly #queue: Queue<Outgoing>
  readonly #notes: Notes
  readonly #stop = new AbortController()
  /** Resolves when the events of all calls so far are in the queue. */
  #lastTurn: Promise<void> = Promise.resolve()
  /** How many calls have events that are not in the queue yet. */
  #turns = 0

  constructor(queue: Queue<Outgoing>, notes: Notes) {
    this.#queue = queue
    this.#notes = notes
  }

  /**
   * Puts events into the queue, in the order of the calls. Resolves when they are there. If the queue cannot be
   * reached, resolves after a moment and goes on in the background. Never rejects.
   */
  async tell(find: FindEvents): Promise<void> {
    if (this.#turns >= LIMIT) {
      this.#notes.end('full', 'a webhook event is dropped: the queue cannot be reached')
      return
    }
    this.#turns += 1
    this.#lastTurn = this.#lastTurn.then(() => this.#addAtLast(find))
    await this.#turnsEnd()
  }

  /** Waits a moment for events that are not in the queue yet, and gives up the rest. */
  async close(): Promise<void> {
    await this.#turnsEnd()
    this.#stop.abort()
  }

  async #turnsEnd(): Promise<void> {
    const done = new AbortController()
    const late = sleep(PATIENCE_MS, undefined, { signal: done.signal, ref: false }).catch(() => {})
    await Promise.race([this.#lastTurn, late])
    done.abort()
  }

  /** Tries to put events into the queue until it can be reached, or the service ends. */
  async #addAtLast(find: FindEvents): Promise<void> {
    let isAdded = await this.#add(find)
    if (!isAdded) this.#notes.log('a webhook event must wait: the queue cannot be reached')
    while (!isAdded && !this.#stop.signal.aborted) {
      await sleep(REACH_MS, null, { ref: false })
      isAdded = await this.#add(find)
    }
    if (!isAdded) this.#notes.end('dead', 'a webhook event is lost, because the service ends')
    this.#turns -= 1
  }

  /** Returns false if the queue cannot be reached. */
  async #add(find: FindEvents): Promise<boolean> {
    try {
      for (const event of (await find()).map(outgoingOf)) {
        const added = await this.#queue.add(event.id, event, 0)
        if (added === 'full') this.#notes.end('full', 'a webhook event is dropped: too many wait', event)
      }
      return true
    } catch (error) {
      if (error instanceof StoreUnavailable) return false
      this.#notes.end('dead', 'a webhook event is lost: a fault of the program', null, { err: error })
      return true
    }
  }
}
