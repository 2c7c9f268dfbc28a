/** Results in Redis. Each customer has an index by IP address and one by reference. */
import type { Redis } from 'ioredis'
import type { z } from 'zod'
import {
  type RelayTest,
  type RelayTestSummary,
  relayTest,
  relayTestSummary,
  summaryOf,
} from '../../contract/relay-test.ts'
import { isWaiting } from '../../contract/waiting.ts'
import {
  type DossierBytes,
  type Filter,
  fits,
  inListOrder,
  isAfter,
  type ListPosition,
  type Results,
} from '../results.ts'
import { type Log, replyTo } from './connection.ts'
import { readJson } from './json.ts'
import type { Ledger } from './ledger.ts'
import { PUT_RESULT, REMOVE_RESULT } from './scripts.ts'

const keyOf = (id: string) => `result:${id}`
const summaryKeyOf = (id: string) => `summary:${id}`
const dossierKeyOf = (id: string) => `dossier:${id}`
/** The member that the results of an index share. `all` has no value. */
type Common = readonly [by: 'ip' | 'reference', value: string] | readonly [by: 'all', value: '']
/** The index of one customer. The id of a customer has no space. */
const indexOf = ([by, value]: Common, customerId: string) => `tests-of-${by}:${customerId} ${value}`
/** The customers that have such an index, each with the time of its newest result. */
const customersOf = ([by, value]: Common) => `customers-of-${by}:${value}`

function keysOf({ id, ip, reference, customerId }: RelayTest): string[] {
  const indexes: Common[] = [
    ['all', ''],
    ['ip', ip],
    ...(reference === null ? [] : [['reference', reference] as const]),
  ]
  const pairs = indexes.flatMap((common) => [indexOf(common, customerId), customersOf(common)])
  return [keyOf(id), summaryKeyOf(id), dossierKeyOf(id), ...pairs]
}

/** Returns the index with the fewest results for a filter. */
const commonOf = ({ ip, reference }: Filter): Common =>
  ip !== undefined ? ['ip', ip] : reference !== undefined ? ['reference', reference] : ['all', '']

/** How many customers are asked about at a time, so that other commands need not wait. */
const CUSTOMERS_AT_A_TIME = 100
/** How many summaries are read at a time, and how often for one page: a filter may leave out most. */
const AT_A_TIME = 200
const READS = 10

/** Returns the members of a sorted set and their scores, from a reply in which they alternate. */
const pairsIn = (reply: readonly string[]): ListPosition[] =>
  reply.flatMap((id, index) => (index % 2 === 0 ? [{ id, createdAt: Number(reply[index + 1]) }] : []))

/** Returns the words of a text; none for no text. */
const listOf = (text: Buffer | string | null | undefined): string[] => text?.toString().match(/\S+/g) ?? []

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
  const put = async (result: RelayTest, dossier: DossierBytes | null, revision: number | null): Promise<boolean> => {
    const keys = keysOf(result)
    const { id, customerId } = result
    const texts = [JSON.stringify(result), JSON.stringify(summaryOf(result))]
    const { bytes = '', secrets = [] } = dossier ?? {}
    const expected = revision ?? ''
    const values = [...texts, ttlMs, Date.parse(result.createdAt), id, customerId, bytes, secrets.join(' '), expected]
    return (await replyTo(redis.eval(PUT_RESULT, keys.length, ...keys, ...values))) === 1
  }
  const running = new Map<string, RelayTest>()
  ledger.onLoss(async () => {
    await Promise.all([...running.values()].map((result) => put(result, null, null)))
  })
  const placesOf = async (
    index: string,
    since: number,
    after: ListPosition | null,
    count: number,
  ): Promise<ListPosition[]> => {
    const newest = after?.createdAt ?? '+inf'
    // Results at the time of the place may come before it. They are read too, and left out below.
    const more = after === null ? 0 : await replyTo(redis.zcount(index, newest, newest))
    const found = await replyTo(redis.zrevrangebyscore(index, newest, since, 'WITHSCORES', 'LIMIT', 0, count + more))
    return pairsIn(found).filter((place) => isAfter(place, after))
  }
  /** Returns the first places of a list after another place, for all customers that may be named. */
  const placesAfter = async (filter: Filter, after: ListPosition | null, count: number): Promise<ListPosition[]> => {
    const { mayName, since = 0 } = filter
    const common = commonOf(filter)
    const found = await replyTo(redis.zrevrangebyscore(customersOf(common), '+inf', since, 'WITHSCORES'))
    const customers = pairsIn(found).filter(({ id }) => mayName(id))
    // Customers are sorted by their newest result. From `begin` on, all their results come after the place, so the
    // first `count` of these customers are enough. The customers before `begin` may have results after it too.
    const begin = customers.findIndex(({ createdAt }) => after === null || createdAt < after.createdAt)
    const last = begin < 0 ? undefined : customers[begin + count - 1]
    const asked = last ? customers.filter(({ createdAt }) => createdAt >= last.createdAt) : customers
    const places: ListPosition[] = []
    for (let from = 0; from < asked.length; from += CUSTOMERS_AT_A_TIME) {
      const some = asked.slice(from, from + CUSTOMERS_AT_A_TIME)
      const found = await Promise.all(some.map(({ id }) => placesOf(indexOf(common, id), since, after, count)))
      places.push(...found.flat())
    }
    return places.sort(inListOrder).slice(0, count)
  }
  return {
    async put(result, dossier) {
      // A test that waits is not stored again by this replica, because another one may have started it.
      if (result.status === 'running' && !isWaiting(result)) running.set(result.id, result)
      else running.delete(result.id)
      await put(result, dossier ?? null, null)
    },
    amend: put,
    async dossier(id) {
      const fields = ['bytes', 'secrets', 'revision'] as const
      const [bytes, secrets, revision] = await replyTo(redis.hmgetBuffer(dossierKeyOf(id), ...fields))
      return bytes && revision ? { bytes, secrets: listOf(secrets), revision: Number(revision) } : null
    },
    secretsOf: async (id) => listOf(await replyTo(redis.hget(dossierKeyOf(id), 'secrets'))),
    async get(id) {
      return read(relayTest, await replyTo(redis.get(keyOf(id))))
    },
    async list(filter, limit, after = null) {
      const summaries: RelayTestSummary[] = []
      let last = after
      const hasFilter = filter.verdict !== undefined || (filter.ip !== undefined && filter.reference !== undefined)
      const count = hasFilter ? AT_A_TIME : limit + 1
      for (let reads = 0; reads < READS; reads += 1) {
        const places = await placesAfter(filter, last, count)
        const texts = places.length > 0 ? await replyTo(redis.mget(places.map(({ id }) => summaryKeyOf(id)))) : []
        for (const [index, place] of places.entries()) {
          const summary = read(relayTestSummary, texts[index] ?? null)
          if (summary === null || !fits(summary, filter)) continue
          if (summaries.length === limit) return { summaries, next: last }
          summaries.push(summary)
          last = place
        }
        if (places.length < count) return { summaries, next: null }
        last = places.at(-1) ?? last
      }
      return { summaries, next: last }
    },
    async remove(result) {
      running.delete(result.id)
      const keys = keysOf(result)
      await replyTo(redis.eval(REMOVE_RESULT, keys.length, ...keys, result.id, result.customerId))
    },
  }
}
