/** Recent refusals in Redis. */
import type { Redis } from 'ioredis'
import { BAN_MS, type RecentRefusals } from '../recent-refusals.ts'
import { replyTo } from './connection.ts'

const keyOf = (place: string) => `refused:${place}`

/** Returns the refusals that any replica saw. */
export const redisRecentRefusals = (redis: Redis): RecentRefusals => ({
  async note(place) {
    await replyTo(redis.set(keyOf(place), '1', 'PX', BAN_MS))
  },
  async recently(place) {
    return (await replyTo(redis.exists(keyOf(place)))) === 1
  },
})
