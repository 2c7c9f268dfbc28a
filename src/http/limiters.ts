import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { Counters } from '../store/counters.ts'

export type MakeLimiter = FastifyInstance['createRateLimit']

type Done = Parameters<FastifyRateLimitStore['incr']>[1]

/**
 * A maker of limiters that count in `windows`: @fastify/rate-limit, on our counters instead of its own, which neither
 * give back nor bear a clock that is set. It has one store for each scope, so this is a scope of its own.
 */
export async function limitersOn(app: FastifyInstance, windows: Counters): Promise<MakeLimiter> {
  class Store implements FastifyRateLimitStore {
    incr(key: string, done: Done, windowMs: number): void {
      windows.count(key, windowMs).then((counted) => done(null, counted), done)
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
