/** Tells callers how their tests ended: keeps a receiver for each caller that has a webhook. */
import type { Callers } from '../access/callers.ts'
import type { RelayTest } from '../contract/relay-test.ts'
import type { Sweep } from '../contract/sweeps.ts'
import type { Announcer } from '../service/announcer.ts'
import { earlierThan } from '../service/last-verdict.ts'
import type { Results } from '../store/results.ts'
import { eventOfSweep, eventsOfAmended, eventsOfFinished } from './events.ts'
import { Receiver, type ReceiverParts } from './receiver.ts'

/** The parts that the receivers share, the callers, and the earlier results. */
export interface WebhookParts extends ReceiverParts {
  readonly callers: () => Callers
  readonly results: Pick<Results, 'list'>
}

/** The webhooks of all callers. */
export class Webhooks implements Announcer {
  readonly #parts: WebhookParts
  readonly #receivers = new Map<string, Receiver>()

  constructor(parts: WebhookParts) {
    this.#parts = parts
  }

  /** Begins to send the events of all callers that have a webhook. Call it at the start and when the file changes. */
  follow(): void {
    for (const { id, webhook } of this.#parts.callers().all) if (webhook) this.#receiverOf(id)
  }

  async finished(callerId: string, result: RelayTest): Promise<void> {
    if (!this.#hasWebhook(callerId)) return
    await this.#receiverOf(callerId).tell(async () =>
      eventsOfFinished(result, await earlierThan(result, this.#parts.results)),
    )
  }

  async amended(callerId: string, result: RelayTest, before: RelayTest): Promise<void> {
    if (!this.#hasWebhook(callerId)) return
    await this.#receiverOf(callerId).tell(async () =>
      eventsOfAmended(result, before, await earlierThan(result, this.#parts.results)),
    )
  }

  /** Tells a caller that its sweep has ended. Resolves soon, and never rejects. */
  async sweepEnded(callerId: string, sweep: Sweep): Promise<void> {
    if (this.#hasWebhook(callerId)) await this.#receiverOf(callerId).tell(async () => [eventOfSweep(sweep)])
  }

  async close(): Promise<void> {
    await Promise.all([...this.#receivers.values()].map((receiver) => receiver.close()))
  }

  #hasWebhook(callerId: string): boolean {
    return (this.#parts.callers().named(callerId)?.webhook ?? null) !== null
  }

  #receiverOf(callerId: string): Receiver {
    const known = this.#receivers.get(callerId)
    if (known) return known
    const webhookNow = () => this.#parts.callers().named(callerId)?.webhook ?? null
    const made = new Receiver(callerId, webhookNow, this.#parts)
    this.#receivers.set(callerId, made)
    return made
  }
}
