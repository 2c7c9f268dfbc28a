import type { Redis } from 'ioredis'
import { type RelayTest, relayTest } from '../../contract/relay-test.ts'
import type { Results } from '../results.ts'
import { replyTo } from './connection.ts'
import { PUT_RESULT, REMOVE_RESULT } from './scripts.ts'

const keyOf = (id: string) => `result:${id}`
const indexOf = (by: 'ip' | 'reference', value: string) => `results-of-${by}:${value}`

const resultIn = (text: string | null): RelayTest | null => (text === null ? null : relayTest.parse(JSON.parse(text)))

const keysOf = ({ id, ip, reference }: RelayTest): string[] => [
  keyOf(id),
  indexOf('ip', ip),
  ...(reference === null ? [] : [indexOf('reference', reference)]),
]

/** How an index holds a result: with its customer, so that a caller's own are found among all. */
const memberOf = ({ id, customerId }: RelayTest) => `${customerId} ${id}`

/** Results of all replicas. */
export const redisResults = (redis: Redis, ttlMs: number): Results => {
  const put = async (result: RelayTest, how: 'new' | 'anew') => {
    const keys = keysOf(result)
    const values = [JSON.stringify(result), ttlMs, Date.parse(result.createdAt), memberOf(result), how]
    await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values))
  }
  return {
    put: (result) => put(result, 'new'),
    amend: (result) => put(result, 'anew'),
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
    async remove(result) {
      const keys = keysOf(result)
      await replyTo(redis.eval(REMOVE_RESULT, keys.length, ...keys, memberOf(result)))
    },
  }
}
