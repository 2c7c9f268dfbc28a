import type { Redis } from 'ioredis'
import { BAN_MS, type Refusals } from '../refusals.ts'
import { replyTo } from './connection.ts'

const keyOf = (place: string) => `refused:${place}`

/** The refusals that any replica saw. */
export const redisRefusals = (redis: Redis): Refusals => ({
  async note(place) {
    await replyTo(redis.set(keyOf(place), '1', 'PX', BAN_MS))
  },
  async recently(place) {
    return (await replyTo(redis.exists(keyOf(place)))) === 1
  },
})
