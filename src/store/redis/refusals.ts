import type { Redis } from 'ioredis'
import { BAN_MS, type Refusals } from '../refusals.ts'
import { replyTo } from './connection.ts'

const keyOf = (address: string) => `refused:${address}`

/** The refusals that any replica saw. */
export const redisRefusals = (redis: Redis): Refusals => ({
  async note(address) {
    await replyTo(redis.set(keyOf(address), '1', 'PX', BAN_MS))
  },
  async recently(address) {
    return (await replyTo(redis.exists(keyOf(address)))) === 1
  },
})
