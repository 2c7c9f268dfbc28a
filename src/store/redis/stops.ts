/** The requests of callers to stop a test, in Redis. */
import type { Redis } from 'ioredis'
import { STOP_MS, type Stops } from '../stops.ts'
import { replyTo } from './connection.ts'

const keyOf = (testId: string) => `stop:${testId}`

/** Returns the requests that came to any replica. */
export const redisStops = (redis: Redis): Stops => ({
  async ask(testId) {
    await replyTo(redis.set(keyOf(testId), '1', 'PX', STOP_MS))
  },
  async asked(testIds) {
    if (testIds.length === 0) return []
    const found = await replyTo(redis.mget(testIds.map(keyOf)))
    return testIds.filter((_id, index) => found[index] !== null)
  },
})
