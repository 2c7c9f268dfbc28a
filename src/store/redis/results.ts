/** Results in Redis. Each customer has an index by IP address and one by reference. */
import type { Redis } from 'ioredis'
import type { z } from 'zod'
import { type RelayTest, relayTest, relayTestSummary, summaryOf } from '../../contract/relay-test.ts'
import type { Filter, Results } from '../results.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import type { Ledger } from './ledger.ts'
import { PUT_RESULT, REMOVE_RESULT } from './scripts.ts'

const keyOf = (id: string) => `result:${id}`
const summaryKeyOf = (id: string) => `summary:${id}`
/** The index of one customer. The id of a customer has no space. */
const indexOf = (by: Filter['by'], value: string, customerId: string) => `tests-of-${by}:${customerId} ${value}`
/** The customers that have an index for a value, each with the time of its newest result. */
const customersOf = (by: Filter['by'], value: string) => `customers-of-${by}:${value}`

function keysOf({ id, ip, reference, customerId }: RelayTest): string[] {
  const indexed = (by: Filter['by'], value: string) => [indexOf(by, value, customerId), customersOf(by, value)]
  const byReference = reference === null ? [] : indexed('reference', reference)
  return [keyOf(id), summaryKeyOf(id), ...indexed('ip', ip), ...byReference]
}

/**
 * Returns the results of all replicas. A result that does not fit this version counts as missing, with one log line.
 * After Redis has lost its memory, the tests that run in this replica are stored again.
 */
export const redisResults = (redis: Redis, ledger: Ledger, ttlMs: number, log: Log): Results => {
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
    const { id, customerId } = result
    const texts = [JSON.stringify(result), JSON.stringify(summaryOf(result))]
    const values = [...texts, ttlMs, Date.parse(result.createdAt), id, customerId, how]
    await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values))
  }
  const running = new Map<string, RelayTest>()
  ledger.onLoss(async () => void (await Promise.all([...running.values()].map((result) => put(result, 'new')))))
  const newestOf = async (by: Filter['by'], value: string, customerId: string, limit: number) => {
    const found = await replyTo(redis.zrevrange(indexOf(by, value, customerId), 0, limit - 1, 'WITHSCORES'))
    return found.flatMap((id, index) => (index % 2 === 0 ? [{ id, createdAt: Number(found[index + 1]) }] : []))
  }
  return {
    async put(result) {
      if (result.status === 'running') running.set(result.id, result)
      else running.delete(result.id)
      await put(result, 'new')
    },
    amend: (result) => put(result, 'replace'),
    async get(id) {
      return read(relayTest, await replyTo(redis.get(keyOf(id))))
    },
    async list({ by, value, mayName }, limit) {
      // The newest results belong to the customers that have the newest ones.
      const customers = (await replyTo(redis.zrevrange(customersOf(by, value), 0, -1))).filter(mayName).slice(0, limit)
      const found = await Promise.all(customers.map((customerId) => newestOf(by, value, customerId, limit)))
      const newest = found.flat().sort((a, b) => b.createdAt - a.createdAt)
      const keys = newest.slice(0, limit).map(({ id }) => summaryKeyOf(id))
      const texts = keys.length > 0 ? await replyTo(redis.mget(keys)) : []
      return texts.map((text) => read(relayTestSummary, text)).filter((summary) => summary !== null)
    },
    async remove(result) {
      running.delete(result.id)
      const keys = keysOf(result)
      await replyTo(redis.eval(REMOVE_RESULT, keys.length, ...keys, result.id, result.customerId))
    },
  }
}
