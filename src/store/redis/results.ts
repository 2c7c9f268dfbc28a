import type { Redis } from 'ioredis'
import { type RelayTest, relayTest } from '../../contract/relay-test.ts'
import type { Results } from '../results.ts'
import { replyTo } from './connection.ts'
import { PUT_RESULT } from './scripts.ts'

const keyOf = (id: string) => `result:${id}`
const indexOf = (by: 'ip' | 'reference', value: string) => `results-of-${by}:${value}`

const resultIn = (text: string | null): RelayTest | null => (text === null ? null : relayTest.parse(JSON.parse(text)))

/** Results of all replicas. An index holds `customerId id`, so that a caller's own are found among all. */
export const redisResults = (redis: Redis, ttlMs: number): Results => ({
  async put(result) {
    const { id, ip, reference, customerId, createdAt } = result
    const indexes = [indexOf('ip', ip), ...(reference === null ? [] : [indexOf('reference', reference)])]
    const keys = [keyOf(id), ...indexes]
    const values = [JSON.stringify(result), ttlMs, Date.parse(createdAt), `${customerId} ${id}`]
    await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values))
  },
  async get(id) {
    return resultIn(await replyTo(redis.get(keyOf(id))))
  },
  async list({ by, value, mayName }, limit) {
    const members = await replyTo(redis.zrevrange(indexOf(by, value), 0, -1))
    const ids = members
      .map((member) => member.split(' '))
      .filter(([customerId = '']) => mayName(customerId))
      .slice(0, limit)
      .map(([, id = '']) => keyOf(id))
    const texts = ids.length > 0 ? await replyTo(redis.mget(ids)) : []
    return texts.map(resultIn).filter((result) => result !== null)
  },
  // What is left of it in an index leads nowhere.
  async remove(id) {
    await replyTo(redis.del(keyOf(id)))
  },
})
