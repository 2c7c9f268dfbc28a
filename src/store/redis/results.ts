/** Results in Redis, with an index by IP address and one by reference. */
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

/** An index entry contains the customer, so that a caller gets only results that it may see. */
const memberOf = ({ id, customerId }: RelayTest) => `${customerId} ${id}`

/**
 * Returns the results of all replicas. A result that does not fit this version counts as missing, with one log line.
 */
export const redisResults = (redis: Redis, ttlMs: number, log: Log): Results => {
  let logged = false
  const read = <T>(schema: z.ZodType<T>, text: string | null): T | null => {
    const found = text === null ? null : readJson(schema, text)
    if (text !== null && found === null && !logged) {
      logged = true
      log.error({}, 'a stored result does not fit this version and counts as missing')
    }
    return found
  }
  const put = async (result: RelayTest, how: 'new' | 'replace') => {
    const keys = keysOf(result)
    const values = [JSON.stringify(result), ttlMs, Date.parse(result.createdAt), memberOf(result), how]
    const summary = JSON.stringify(summaryOf(result))
    await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values, summary))
  }
  return {
    put: (result) => put(result, 'new'),
    amend: (result) => put(result, 'replace'),
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
