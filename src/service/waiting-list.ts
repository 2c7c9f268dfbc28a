/** The tests that wait for a slot: a queue, and the position of each test in it. */
import { z } from 'zod'
import { type RelayTestRequest, relayTestRequest } from '../contract/relay-test.ts'
import { PROOFS } from '../contract/words.ts'
import type { JobHandlers, Queue, QueueOptions } from '../queue/queue.ts'

/** A test that waits, as JSON. Its result in the store has the rest. */
const waitingTest = z.object({
  id: z.string(),
  queuedAt: z.string(),
  caller: z.string(),
  requestId: z.string(),
  key: z.object({ key: z.string(), fingerprint: z.string() }).nullable(),
  request: relayTestRequest.extend({ proof: z.enum(PROOFS) }),
})

/** A test that waits. Any replica can start it. */
export interface WaitingTest extends z.output<typeof waitingTest> {
  readonly request: RelayTestRequest & { readonly proof: (typeof PROOFS)[number] }
}

/** How many tests may wait for each slot of one replica. All replicas share one list. */
const WAITING_PER_SLOT = 10
/** The pauses before a test is tried again after a fault of the service, in milliseconds. */
const PAUSES_MS = [1_000, 5_000, 15_000]

/** Returns how many tests may wait. */
export const waitingListLimit = (slots: number): number => slots * WAITING_PER_SLOT

/** Returns the options of the queue. It takes one test at a time, so that they keep their order. */
export const waitingListOptions = (slots: number): QueueOptions<WaitingTest> => ({
  name: 'tests',
  limit: waitingListLimit(slots),
  atOnce: 1,
  pausesMs: PAUSES_MS,
  parse: (json) => waitingTest.parse(json),
})

/** How long the order of the list is remembered, in milliseconds, so that many requests cause one look. */
const REMEMBERED_MS = 1_000

/** The tests that wait, in the order of their requests. */
export class WaitingList {
  readonly #queue: Queue<WaitingTest>
  #order: Promise<string[]> = Promise.resolve([])
  #readAt = Number.NEGATIVE_INFINITY

  constructor(queue: Queue<WaitingTest>) {
    this.#queue = queue
  }

  /** Adds a test to the end. Returns whether there was room. Throws StoreUnavailable. */
  async join(test: WaitingTest): Promise<boolean> {
    return (await this.#queue.add(idOf(test), test, 0)) !== 'full'
  }

  /** Removes a test. */
  async leave(test: WaitingTest): Promise<void> {
    await this.#queue.cancel(idOf(test))
  }

  /** Removes a test by its id. Returns the id of its caller; null if the test has just left the list. */
  async remove(testId: string): Promise<string | null> {
    const found = (await this.#inOrder(0)).find((id) => id.endsWith(` ${testId}`))
    if (!found || !(await this.#queue.cancel(found))) return null
    this.#readAt = Number.NEGATIVE_INFINITY
    return found.split(' ')[1] ?? null
  }

  /** Returns the position of a test, from 1, or null if it is not on the list. Throws StoreUnavailable. */
  async positionOf(testId: string): Promise<number | null> {
    const isIt = (id: string) => id.endsWith(` ${testId}`)
    let index = (await this.#inOrder(REMEMBERED_MS)).findIndex(isIt)
    // It may have joined since the last look.
    if (index < 0) index = (await this.#inOrder(0)).findIndex(isIt)
    return index < 0 ? null : index + 1
  }

  /** Makes the first test of a caller ready at once. */
  async hurry(callerId: string): Promise<void> {
    const order = await this.#inOrder(REMEMBERED_MS)
    const index = order.findIndex((id) => id.split(' ')[1] === callerId)
    // Takes it out of the remembered order, so that the next call hurries the next test.
    for (const id of index < 0 ? [] : order.splice(index, 1)) await this.#queue.hurry(id)
  }

  /** Begins to start tests. */
  work(work: JobHandlers<WaitingTest>): void {
    this.#queue.work(work)
  }

  /** Starts no further test, and returns those that are lost with the process. */
  close(): Promise<readonly WaitingTest[]> {
    return this.#queue.close()
  }

  /** Returns the ids of the list in order, at most `ageMs` old. */
  #inOrder(ageMs: number): Promise<string[]> {
    if (performance.now() - this.#readAt > ageMs) {
      this.#readAt = performance.now()
      this.#order = this.#queue.ids().then((ids) => [...ids].sort())
      // After a failure, the next call looks again.
      this.#order.catch(() => {
        this.#readAt = Number.NEGATIVE_INFINITY
      })
    }
    return this.#order
  }
}

/** Returns the id of a test in its queue. Such ids sort by the time of the request. */
const idOf = ({ queuedAt, caller, id }: WaitingTest): string => `${queuedAt} ${caller} ${id}`
