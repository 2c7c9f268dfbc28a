/** Leases in Redis. */
import type { Redis } from 'ioredis'
import type { LeaseHolder, Leases } from '../leases.ts'
import { MemoryLost } from '../unavailable.ts'
import { replyTo } from './connection.ts'
import { type Ledger, LOST } from './ledger.ts'

const keyOf = (address: string) => `lease:${address}`

const FOLLOW_UP = 'follow-up'

/** The value is `testId customerId`, and `follow-up`. A test deletes a value only if it begins with its own id. */
const textOf = ({ testId, customerId, isFollowUp }: LeaseHolder) =>
  [testId, customerId, ...(isFollowUp ? [FOLLOW_UP] : [])].join(' ')

function holderIn(text: string | null): LeaseHolder | null {
  const [testId, customerId, kind] = text?.split(' ') ?? []
  if (testId === undefined || customerId === undefined) return null
  return { testId, customerId, ...(kind === FOLLOW_UP ? { isFollowUp: true } : {}) }
}

/** Returns the leases of all replicas. */
export const redisLeases = (redis: Redis, ledger: Ledger): Leases => ({
  async acquire(address, holder, ttlMs) {
    const held = await ledger.take(keyOf(address), textOf(holder), ttlMs)
    // A replica with longer leases had it, and it is not known for which test.
    if (held === LOST) throw new MemoryLost(ttlMs)
    return holderIn(held)
  },
  release: (address, testId) => ledger.release(keyOf(address), `${testId} `),
  async holder(address) {
    return holderIn(await replyTo(redis.get(keyOf(address))))
  },
})
