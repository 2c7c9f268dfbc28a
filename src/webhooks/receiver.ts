/** The webhook of one caller: keeps its events in a queue, in their order, and sends them one after another. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Webhook } from '../access/callers.ts'
import { GiveUp, type OpenQueue, type Queue } from '../queue/queue.ts'
import type { Logger } from '../service/logger.ts'
import { deliver } from './delivery.ts'
import type { DestinationFacts } from './destination.ts'
import { type EventEnd, Notes } from './notes.ts'
import { type FindEvents, Outbox } from './outbox.ts'
import { type Outgoing, outgoing } from './signing.ts'

/** The parts that all receivers share. */
export interface ReceiverParts {
  readonly openQueue: OpenQueue
  readonly around: DestinationFacts
  readonly log: Logger
  /** Counts outcomes, for metrics. */
  readonly count: (outcome: EventEnd) => void
}

/** How many events of one caller may wait. */
const LIMIT = 1_000
const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
/** How long the service tries to send an event, in milliseconds. */
const TRIED_MS = 24 * HOUR
const PAUSES_MS = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, ...Array(24).fill(HOUR)]
/** How long the end of the process waits for events that are due. */
const LAST_EVENTS_MS = 2_000

/** Our side of the webhook of one caller. */
export class Receiver {
  readonly queue: Queue<Outgoing>
  readonly #webhookNow: () => Webhook | null
  readonly #around: DestinationFacts
  readonly #notes: Notes
  readonly #outbox: Outbox
  readonly #stop = new AbortController()
  /** The web address that answered 410. It gets no events until the callers file has another one. */
  #goneUrl: string | null = null

  /** @param webhookNow returns the webhook that the callers file has now; null if the caller has none */
  constructor(callerId: string, webhookNow: () => Webhook | null, { openQueue, around, log, count }: ReceiverParts) {
    this.#webhookNow = webhookNow
    this.#around = around
    this.#notes = new Notes(callerId, log, count)
    this.queue = openQueue({
      name: `webhooks-${callerId}`,
      limit: LIMIT,
      atOnce: 1,
      inOrder: true,
      pausesMs: PAUSES_MS,
      parse: (json) => outgoing.parse(json),
    })
    this.#outbox = new Outbox(this.queue, this.#notes)
    this.queue.work({
      run: (event, attempt) => this.#send(event, attempt),
      died: (event, error) => this.#notes.end('dead', 'a webhook event was given up', event, { why: error.message }),
    })
  }

  /** Puts events into the queue, in the order of the calls. Never rejects. */
  tell(find: FindEvents): Promise<void> {
    return this.#outbox.tell(find)
  }

  /** Sends events for two more seconds at most, then closes the queue. Events that are still in memory are lost. */
  async close(): Promise<void> {
    await this.#outbox.close()
    const until = performance.now() + LAST_EVENTS_MS
    while (performance.now() < until && (await this.#isBusy())) await sleep(50)
    this.#stop.abort()
    const lost = await this.queue.close()
    for (const event of lost) this.#notes.end('dead', 'a webhook event is lost, because the service ends', event)
  }

  async #isBusy(): Promise<boolean> {
    const { waiting, running } = await this.queue.state().catch(() => ({ waiting: 0, running: 0 }))
    return waiting + running > 0
  }

  /** Makes one attempt. Throws if the event must be tried again. */
  async #send(event: Outgoing, attempt: number): Promise<void> {
    const webhook = this.#webhookNow()
    if (webhook === null || webhook.url === this.#goneUrl) {
      this.#notes.count('off')
      return
    }
    if (Date.now() - Date.parse(event.timestamp) > TRIED_MS) throw new GiveUp('it was tried for a day')
    const delivered = await deliver(event, webhook, attempt, this.#around, this.#stop.signal)
    switch (delivered.outcome) {
      case 'delivered':
        this.#notes.count('delivered')
        return
      case 'gone':
        this.#goneUrl = webhook.url
        this.#notes.end('gone', 'the webhook answered 410: it is off until the callers file has another url', event)
        return
      case 'failed':
        if (!this.#stop.signal.aborted) this.#notes.failed(event, attempt, delivered.why)
        throw new Error(delivered.why)
    }
  }
}
