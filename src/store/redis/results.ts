import type { Redis } from 'ioredis'
import type { z } from 'zod'
import { type RelayTest, relayTest, relayTestSummary, summaryOf } from '../../contract/relay-test.ts'
import type { Results } from '../results.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import { PUT_RESULT, REMOVE_RESULT } from './scripts.ts'

const keyOf = (id: string) => `result:${id}`
const summaryKeyOf = (id: string) => `summary:${id}`
const indexOf = (by: 'ip' | 'reference', value: string) => `results-of-${by}:${value}`

const keysOf = ({ id, ip, reference }: RelayTest): string[] => [
  keyOf(id),
  summaryKeyOf(id),
  indexOf('ip', ip),
  ...(reference === null ? [] : [indexOf('reference', reference)]),
]

/** How an index holds a result: with its customer, so that a caller's own are found among all. */
const memberOf = ({ id, customerId }: RelayTest) => `${customerId} ${id}`

/** Results of all replicas. One that does not fit this version is as one that is not there; the first is logged. */
export const redisResults = (redis: Redis, ttlMs: number, log: Log): Results => {
  let told = false
  const read = <T>(schema: z.ZodType<T>, text: string | null): T | null => {
    const found = text === null ? null : readJson(schema, text)
    if (text !== null && found === null && !told) {
      told = true
      log.error({}, 'a stored result does not fit this version, and reads as not there')
    }
    return found
  }
  const put = async (result: RelayTest, how: 'new' | 'anew') => {
    const keys = keysOf(result)
    const values = [JSON.stringify(result), ttlMs, Date.parse(result.createdAt), memberOf(result), how]
    const summary = JSON.stringify(summaryOf(result))
    await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values, summary))
  }
  return {
    put: (result) => put(result, 'new'),
    amend: (result) => put(result, 'anew'),
    async get(id) {
      return read(relayTest, await replyTo(redis.get(keyOf(id))))
    },
    async list({ by, value, mayName }, limit) {
      const members = await replyTo(redis.zrevrange(indexOf(by, value), 0, -1))
      const ids = members
        .map((member) => member.split(' '))
        .filter(([customerId = '']) => mayName(customerId))
        .slice(0, limit)
        .map(([, id = '']) => summaryKeyOf(id))
      const texts = ids.length > 0 ? await replyTo(redis.mget(ids)) : []
      return texts.map((text) => read(relayTestSummary, text)).filter((found) => found !== null)
    },
    async remove(result) {
      const keys = keysOf(result)
      await replyTo(redis.eval(REMOVE_RESULT, keys.length, ...keys, memberOf(result)))
    },
  }
}
