/** Counts requests, and tells callers in headers how their quotas stand. */
import type { FastifyInstance } from 'fastify'
import { QUOTAS, type Quota, type QuotaName } from '../contract/limits.ts'
import { RequestProblem, timeAfter } from '../service/problem.ts'
import type { QuotaState } from '../service/quotas.ts'
import type { Counters } from '../store/counters.ts'
import { callerOf } from './auth.ts'
import { limitersOn } from './limiters.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The state of each quota that this request was counted or checked by, for its headers. */
    quotaStates: Map<QuotaName, QuotaState>
  }
}

/**
 * Counts the requests of each caller with @fastify/rate-limit, and writes the RateLimit headers of
 * draft-ietf-httpapi-ratelimit-headers-10: the package itself writes older ones. Tests are counted by the service
 * (service/quotas.ts), because a test must count in four quotas or in none.
 */
export async function registerQuotas(api: FastifyInstance, quota: Quota, counters: Counters): Promise<void> {
  const makeLimiter = await limitersOn(api, counters)
  const countRequest = makeLimiter({
    max: quota.max,
    timeWindow: quota.windowMs,
    keyGenerator: (request) => `requests:${callerOf(request).id}`,
  })
  // The hook below gives each request a map of its own.
  api.decorateRequest('quotaStates')
  api.addHook('onRequest', async (request) => {
    request.quotaStates = new Map()
    const counted = await countRequest(request)
    if (counted.isAllowed) return
    const { remaining, ttlInSeconds, isExceeded } = counted
    request.quotaStates.set('requests', { quota, remaining, resetSeconds: ttlInSeconds })
    if (!isExceeded) return
    // The window may end at this very moment.
    const retryAfter = Math.max(1, ttlInSeconds)
    const detail = `This quota is used up: ${QUOTAS.requests} (requests). Try again at ${timeAfter(retryAfter)}.`
    throw new RequestProblem('quota-exceeded', detail, { violatedPolicies: ['requests'], retryAfter })
  })
  api.addHook('onSend', (request, reply, _payload, done) => {
    const states = [...(request.quotaStates ?? [])]
    if (states.length > 0) {
      reply.header('RateLimit-Policy', states.map(([name, { quota }]) => policyText(name, quota)).join(', '))
      reply.header('RateLimit', states.map(([name, state]) => stateText(name, state)).join(', '))
    }
    done()
  })
}

const policyText = (name: QuotaName, { max, windowMs }: Quota): string => `"${name}";q=${max};w=${windowMs / 1000}`

const stateText = (name: QuotaName, { remaining, resetSeconds }: QuotaState): string =>
  `"${name}";r=${remaining};t=${resetSeconds}`
