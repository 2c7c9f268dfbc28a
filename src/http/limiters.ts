/** Connects @fastify/rate-limit to our counters, which all replicas share. */
import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { Counters } from '../store/counters.ts'

export type MakeLimiter = FastifyInstance['createRateLimit']

type Done = Parameters<FastifyRateLimitStore['incr']>[1]

/**
 * Returns a maker of @fastify/rate-limit limiters that count in our counters. The package's own stores do not fit: the
 * one in memory depends on the system clock, and the one in Redis has no time limit for a command. The package has one
 * store for each scope, so this registers it in a scope of its own.
 */
export async function limitersOn(app: FastifyInstance, counters: Counters): Promise<MakeLimiter> {
  class Store implements FastifyRateLimitStore {
    incr(key: string, done: Done, windowMs: number): void {
      counters.count(key, windowMs).then((counted) => done(null, counted), done)
    }

    child(): this {
      return this
    }
  }
  let make: MakeLimiter | undefined
  await app.register(async (scope) => {
    await scope.register(rateLimit, { global: false, store: Store })
    make = scope.createRateLimit
  })
  if (!make) throw new Error('the rate limiter did not load')
  return make
}
