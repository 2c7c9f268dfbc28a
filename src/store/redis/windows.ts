import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { Counted, Windows } from '../windows.ts'
import { replyTo } from './connection.ts'
import { COUNT, GIVE_BACK, READ } from './scripts.ts'

const counted = z.tuple([z.number(), z.number()]).transform(([current, ttl]): Counted => ({ current, ttl }))

const keyOf = (key: string) => `window:${key}`

/** Counters of all replicas, in windows of the server's clock. */
export const redisWindows = (redis: Redis): Windows => ({
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
