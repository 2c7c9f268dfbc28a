/** Counts and logs how the events of one caller end. No line has the secret or the address of the webhook. */
import type { Logger } from '../service/logger.ts'
import type { Outgoing } from './signing.ts'

/** How an event, or one attempt to send it, has ended. */
export type EventEnd = 'delivered' | 'failed' | 'dead' | 'full' | 'gone' | 'off'

/** Counts and logs for one caller. */
export class Notes {
  readonly #callerId: string
  readonly #log: Logger
  readonly #count: (outcome: EventEnd) => void

  constructor(callerId: string, log: Logger, count: (outcome: EventEnd) => void) {
    this.#callerId = callerId
    this.#log = log
    this.#count = count
  }

  /** Counts an outcome without a line in the log. */
  count(outcome: EventEnd): void {
    this.#count(outcome)
  }

  /** Logs trouble that ends no event. */
  log(message: string): void {
    this.#log.error({ caller: this.#callerId }, message)
  }

  /** Counts and logs a failed attempt. The event is tried again later. */
  failed({ id, type }: Outgoing, attempt: number, why: string): void {
    this.#count('failed')
    this.#log.info({ caller: this.#callerId, event: id, type, attempt, why }, 'a webhook event is tried again later')
  }

  /** Counts and logs the end of an event that was not delivered. */
  end(outcome: EventEnd, message: string, event: Outgoing | null = null, more: object = {}): void {
    this.#count(outcome)
    const about = event ? { event: event.id, type: event.type } : {}
    this.#log.error({ caller: this.#callerId, ...about, ...more }, message)
  }
}
