/** Counters in Redis. */
import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Counters, WindowCount } from '../counters.ts'
import { replyTo } from './connection.ts'
import { COUNT, GIVE_BACK, READ } from './scripts.ts'

const counted = z.tuple([z.number(), z.number()]).transform(([current, ttl]): WindowCount => ({ current, ttl }))

const keyOf = (key: string) => `window:${key}`

/** Returns the counters of all replicas. The clock of the server measures the windows. */
export const redisCounters = (redis: Redis): Counters => ({
  async count(key, windowMs) {
    return counted.parse(await replyTo(redis.eval(COUNT, 1, keyOf(key), windowMs)))
  },
  async read(key) {
    return counted.parse(await replyTo(redis.eval(READ, 1, keyOf(key))))
  },
  async giveBack(key, ttl) {
    await replyTo(redis.eval(GIVE_BACK, 1, keyOf(key), ttl))
  },
})
