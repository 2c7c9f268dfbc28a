/** Leases in Redis. */
import type { Redis } from 'ioredis'
import type { LeaseHolder, Leases } from '../leases.ts'
import { replyTo } from './connection.ts'
import { DELETE_IF_OWN } from './scripts.ts'

const keyOf = (address: string) => `lease:${address}`

/** The value is `testId customerId`. A test deletes a value only if it begins with its own id. */
const textOf = ({ testId, customerId }: LeaseHolder) => `${testId} ${customerId}`

function holderIn(text: string | null): LeaseHolder | null {
  const [testId, customerId] = text?.split(' ') ?? []
  return testId !== undefined && customerId !== undefined ? { testId, customerId } : null
}

/** Returns the leases of all replicas. */
export const redisLeases = (redis: Redis): Leases => ({
  async acquire(address, holder, ttlMs) {
    return holderIn(await replyTo(redis.set(keyOf(address), textOf(holder), 'PX', ttlMs, 'NX', 'GET')))
  },
  async release(address, testId) {
    await replyTo(redis.eval(DELETE_IF_OWN, 1, keyOf(address), `${testId} `))
  },
  async holder(address) {
    return holderIn(await replyTo(redis.get(keyOf(address))))
  },
})
