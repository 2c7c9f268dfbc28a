/** Recent refusals in Redis. */
import type { Redis } from 'ioredis'
import { BAN_MS, type RecentRefusals } from '../recent-refusals.ts'
import { replyTo } from './connection.ts'

const keyOf = (banName: string) => `refused:${banName}`

/** Returns the refusals that any replica saw. */
export const redisRecentRefusals = (redis: Redis): RecentRefusals => ({
  async note(banName) {
    await replyTo(redis.set(keyOf(banName), '1', 'PX', BAN_MS))
  },
  async recently(banName) {
    return (await replyTo(redis.exists(keyOf(banName)))) === 1
  },
})
