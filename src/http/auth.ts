/** Authentication: every request of the API needs a key, and wrong keys are counted. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../service/job.ts'
import { RequestProblem } from '../service/problem.ts'
import { memoryCounters } from '../store/counters.ts'
import type { CallerConnections } from './connections.ts'
import { limitersOn } from './limiters.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by authentication: a route behind it always has one. */
    caller: Caller | null
  }
}

const FAILURES = { max: 10, timeWindow: 60_000 } as const

/**
 * Asks every request of this scope for an API key. Failures are counted in this process by source address (/64 for
 * IPv6); too many get 429. A valid key always works: others may share its address, and a key cannot be guessed.
 */
export async function registerAuth(
  api: FastifyInstance,
  authenticate: (key: string) => Caller | null,
  connections: Pick<CallerConnections, 'authenticated'>,
): Promise<void> {
  const makeLimiter = await limitersOn(api, memoryCounters())
  const countFailure = makeLimiter({ ...FAILURES, ipv6Subnet: 64 })
  api.decorateRequest('caller', null)
  const refuse = async (request: FastifyRequest): Promise<never> => {
    const failures = await countFailure(request)
    if (!failures.isAllowed && failures.isExceeded) {
      const detail = `Too many requests without a valid key. Try again in ${failures.ttlInSeconds} s.`
      throw new RequestProblem('quota-exceeded', detail, {
        retryAfter: failures.ttlInSeconds,
        violatedPolicies: ['failed-keys'],
      })
    }
    throw new RequestProblem('unauthenticated', 'Send a valid key: "Authorization: Bearer rtk_…".')
  }
  api.addHook('onRequest', (request, _reply, done) => {
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
    request.caller = key === undefined ? null : authenticate(key)
    if (request.caller) {
      connections.authenticated(request.raw.socket)
      done()
    } else refuse(request).catch(done)
  })
}

/** Returns the caller of an authenticated request. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error('a route without authentication asked for its caller')
  return request.caller
}
