/** Leases in Redis. */
import type { Redis } from 'ioredis'
import type { LeaseHolder, Leases } from '../leases.ts'
import { MemoryLost } from '../unavailable.ts'
import { replyTo } from './connection.ts'
import { type Ledger, LOST } from './ledger.ts'

const keyOf = (address: string) => `lease:${address}`

/** The value is `testId customerId`. A test deletes a value only if it begins with its own id. */
const textOf = ({ testId, customerId }: LeaseHolder) => `${testId} ${customerId}`

function holderIn(text: string | null): LeaseHolder | null {
  const [testId, customerId] = text?.split(' ') ?? []
  return testId !== undefined && customerId !== undefined ? { testId, customerId } : null
}

/** Returns the leases of all replicas. */
export const redisLeases = (redis: Redis, ledger: Ledger): Leases => ({
  async acquire(address, holder, ttlMs) {
    const held = await ledger.take(keyOf(address), textOf(holder), ttlMs)
    // A replica with longer leases had it, and nobody knows which test.
    if (held === LOST) throw new MemoryLost(ttlMs)
    return holderIn(held)
  },
  release: (address, testId) => ledger.release(keyOf(address), `${testId} `),
  async holder(address) {
    return holderIn(await replyTo(redis.get(keyOf(address))))
  },
})
