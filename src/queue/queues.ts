/** Opens all queues of the process, in Redis or in memory, so that metrics show all and the end closes all. */
import { memoryQueue } from './memory.ts'
import type { OpenQueue, Queue, QueueOptions, QueueState } from './queue.ts'

/**
 * Returns a function that opens queues: in Redis, or in memory if there is no Redis. Loads BullMQ only if it is needed,
 * because that takes as long as the rest of the start.
 */
export async function openerFor(redisUrl: string | null): Promise<OpenQueue> {
  if (redisUrl === null) return memoryQueue
  const { bullQueue } = await import('./bullmq.ts')
  return (options) => bullQueue(redisUrl, options)
}

/** The queues of the process. */
export class Queues {
  readonly #openQueue: OpenQueue
  readonly #open = new Map<string, { state(): Promise<QueueState>; close(): Promise<unknown> }>()

  constructor(openQueue: OpenQueue) {
    this.#openQueue = openQueue
  }

  /** Opens a queue. No two queues have the same name. */
  open<Job>(options: QueueOptions<Job>): Queue<Job> {
    const queue = this.#openQueue(options)
    this.#open.set(options.name, queue)
    return queue
  }

  /** Returns what each queue holds. Leaves out those that cannot be reached. */
  async states(): Promise<readonly (readonly [name: string, state: QueueState])[]> {
    const states = [...this.#open].map(async ([name, queue]) => [name, await queue.state()] as const)
    return (await Promise.allSettled(states)).flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }

  /** Closes all queues. Some may be closed already. */
  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((queue) => queue.close()))
  }
}
