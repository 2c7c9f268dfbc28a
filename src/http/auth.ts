import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refused } from '../service/problem.ts'
import type { Caller } from '../service/relay-tests.ts'
import { memoryCounters } from '../store/counters.ts'
import { limitersOn } from './limiters.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication: routes behind it always have one. */
    caller: Caller | null
  }
}

const FAILURES = { max: 10, timeWindow: 60_000 } as const

/**
 * Asks every request of this scope for a key. Failures are counted by source address (/64 for IPv6) in this process;
 * too many are answered by 429. A good key is never locked out: others may share its address, and nobody guesses one.
 */
export async function registerAuth(api: FastifyInstance, authenticate: (key: string) => Caller | null): Promise<void> {
  const makeLimiter = await limitersOn(api, memoryCounters())
  const countFailure = makeLimiter({ ...FAILURES, ipv6Subnet: 64 })
  api.decorateRequest('caller', null)
  const refuse = async (request: FastifyRequest): Promise<never> => {
    const failures = await countFailure(request)
    if (!failures.isAllowed && failures.isExceeded) {
      throw new Refused('quota-exceeded', `Too many requests without a valid key: wait ${failures.ttlInSeconds} s.`, {
        retryAfter: failures.ttlInSeconds,
        violatedPolicies: ['failed-keys'],
      })
    }
    throw new Refused('unauthenticated', 'Send a valid key: "Authorization: Bearer rtk_…".')
  }
  api.addHook('onRequest', (request, _reply, done) => {
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    request.caller = key === undefined ? null : authenticate(key)
    if (request.caller) done()
    else refuse(request).catch(done)
  })
}

/** The caller of an authenticated request. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('a route without authentication asked for its caller')
  return request.caller
}
