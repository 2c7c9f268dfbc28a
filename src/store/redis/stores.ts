/** Bundles the Redis stores. */
import type { Stores } from '../stores.ts'
import { redisClaims } from './claims.ts'
import { connectTo, type Log, serverOf } from './connection.ts'
import { redisCounters } from './counters.ts'
import { redisLeases } from './leases.ts'
import { redisRecentRefusals } from './recent-refusals.ts'
import { redisResults } from './results.ts'
import { redisSignals } from './signals.ts'

/** Opens the stores in Redis. */
export function redisStores(url: string, resultTtlMs: number, log: Log): Stores {
  const redis = connectTo(url, log)
  const ended = new AbortController()
  return {
    counters: redisCounters(redis),
    leases: redisLeases(redis),
    results: redisResults(redis, resultTtlMs, log),
    claims: redisClaims(redis, resultTtlMs),
    recentRefusals: redisRecentRefusals(redis),
    signals: redisSignals(redis, ended.signal, log),
    server: serverOf(redis),
    async close() {
      ended.abort()
      redis.disconnect()
    },
  }
}
