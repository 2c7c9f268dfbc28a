/** Bundles the Redis stores. */
import type { Stores } from '../stores.ts'
import { redisClaims } from './claims.ts'
import { addressesOf, connectTo, type Log } from './connection.ts'
import { redisCounters } from './counters.ts'
import { redisLeases } from './leases.ts'
import { Ledger } from './ledger.ts'
import { redisRecentRefusals } from './recent-refusals.ts'
import { redisResults } from './results.ts'
import { redisSignals } from './signals.ts'
import { redisStops } from './stops.ts'
import { redisSweeps } from './sweeps.ts'

/** How long results are kept, and the longest lease that this replica takes. Both in milliseconds. */
export interface Lifetimes {
  readonly resultTtlMs: number
  readonly leaseMs: number
}

/** Opens the stores in Redis. */
export function redisStores(url: string, { resultTtlMs, leaseMs }: Lifetimes, log: Log): Stores {
  const redis = connectTo(url, log)
  const ledger = new Ledger(redis, leaseMs, log)
  const ended = new AbortController()
  return {
    counters: redisCounters(redis),
    leases: redisLeases(redis, ledger),
    results: redisResults(redis, ledger, resultTtlMs, log),
    claims: redisClaims(redis, ledger, resultTtlMs),
    recentRefusals: redisRecentRefusals(redis),
    signals: redisSignals(redis, ledger, ended.signal, log),
    stops: redisStops(redis),
    sweeps: redisSweeps(redis),
    server: {
      state: () => ledger.state(),
      look: () => ledger.look(),
      usable: () => ledger.usable(),
      addresses: addressesOf(redis),
    },
    async close() {
      ended.abort()
      ledger.close()
      redis.disconnect()
    },
  }
}
