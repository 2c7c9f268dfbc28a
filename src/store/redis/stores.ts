import type { Stores } from '../stores.ts'
import { redisClaims } from './claims.ts'
import { connectTo, type Log, serverOf } from './connection.ts'
import { redisLeases } from './leases.ts'
import { redisRefusals } from './refusals.ts'
import { redisResults } from './results.ts'
import { redisSignals } from './signals.ts'
import { redisWindows } from './windows.ts'

/** Everything in a Redis that replicas share. */
export function redisStores(url: string, resultTtlMs: number, log: Log): Stores {
  const redis = connectTo(url, log)
  const ended = new AbortController()
  return {
    windows: redisWindows(redis),
    leases: redisLeases(redis),
    results: redisResults(redis, resultTtlMs, log),
    claims: redisClaims(redis, resultTtlMs),
    refusals: redisRefusals(redis),
    signals: redisSignals(redis, ended.signal, log),
    server: serverOf(redis),
    async close() {
      ended.abort()
      redis.disconnect()
    },
  }
}
