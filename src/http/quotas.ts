import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Limits, QUOTAS, type Quota, type QuotaName } from '../contract/limits.ts'
import { Refused } from '../service/problem.ts'
import type { Exceeded, QuotaSubject, TestQuotas } from '../service/relay-tests.ts'
import { callerOf } from './auth.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whom a test counts for, once that is decided. */
    subject: QuotaSubject | null
    /** The quotas that this request was counted or looked at by, for its headers. */
    quotaStates: Map<QuotaName, QuotaState>
  }
}

interface QuotaState {
  readonly quota: Quota
  readonly remaining: number
  /** Seconds until the window ends; 0 while none is open. */
  readonly resetSeconds: number
}

/** The quotas of an installation; a caller's and a customer's own replace `tests-caller` and `tests-customer`. */
export type QuotaSettings = Readonly<Record<QuotaName, Quota>>

interface Policy {
  readonly key: (request: FastifyRequest) => string
  readonly quota: (request: FastifyRequest, settings: QuotaSettings) => Quota
}

const POLICIES: Readonly<Record<QuotaName, Policy>> = {
  requests: {
    key: (request) => callerOf(request).id,
    quota: (_request, settings) => settings.requests,
  },
  'tests-caller': {
    key: (request) => callerOf(request).id,
    quota: (request, settings) => callerOf(request).quota ?? settings['tests-caller'],
  },
  'tests-customer': {
    key: (request) => subjectOf(request).customer.id,
    quota: (request, settings) => subjectOf(request).customer.quota ?? settings['tests-customer'],
  },
  'tests-target': {
    key: (request) => subjectOf(request).target,
    quota: (_request, settings) => settings['tests-target'],
  },
  'tests-network': {
    key: (request) => subjectOf(request).network,
    quota: (_request, settings) => settings['tests-network'],
  },
}

const TEST_QUOTAS: readonly QuotaName[] = ['tests-caller', 'tests-customer', 'tests-target', 'tests-network']

/** A counter that falls out of the cache is forgiven, so the cache holds more than callers, customers and targets are. */
const CACHE = 100_000

type Limiter = ReturnType<FastifyInstance['createRateLimit']>

/** Counts every request of this scope, and offers the counting of tests to its routes. */
export function registerQuotas(api: FastifyInstance, settings: QuotaSettings) {
  api.decorateRequest('subject', null)
  // Each request gets a map of its own in the hook below, before anything else asks for it.
  api.decorateRequest('quotaStates')
  const names = Object.keys(POLICIES).filter((name): name is QuotaName => name in QUOTAS)
  const limiters = new Map(names.map((name) => [name, limiterOf(api, name, settings)]))

  const count = async (
    request: FastifyRequest,
    name: QuotaName,
    increment: boolean,
  ): Promise<QuotaState & { exceeded: boolean }> => {
    const result = await limiters.get(name)?.(request, { increment })
    if (!result || result.isAllowed) throw new Error(`no limit for ${name}`)
    const { max, timeWindow, remaining, ttlInSeconds: resetSeconds } = result
    const state = { quota: { max, windowMs: timeWindow }, remaining, resetSeconds }
    request.quotaStates.set(name, state)
    return { ...state, exceeded: increment ? result.isExceeded : remaining === 0 }
  }

  const countTest = async (
    request: FastifyRequest,
    subject: QuotaSubject,
    increment: boolean,
  ): Promise<Exceeded | null> => {
    request.subject = subject
    const states = await Promise.all(
      TEST_QUOTAS.map(async (name) => ({ name, ...(await count(request, name, increment)) })),
    )
    const exceeded = states.filter((state) => state.exceeded)
    if (exceeded.length === 0) return null
    return {
      policies: exceeded.map(({ name }) => name),
      retryAfter: Math.max(1, ...exceeded.map(({ resetSeconds }) => resetSeconds)),
    }
  }

  api.addHook('onRequest', async (request) => {
    request.quotaStates = new Map()
    const { exceeded, resetSeconds } = await count(request, 'requests', true)
    if (!exceeded) return
    const detail = `Used up: ${QUOTAS.requests} (requests). Try again in ${resetSeconds} s.`
    throw new Refused('quota-exceeded', detail, { violatedPolicies: ['requests'], retryAfter: resetSeconds })
  })
  api.addHook('onSend', async (request, reply) => {
    const states = [...(request.quotaStates ?? [])]
    if (states.length === 0) return
    reply.header(
      'RateLimit-Policy',
      states.map(([name, { quota }]) => `"${name}";q=${quota.max};w=${quota.windowMs / 1000}`).join(', '),
    )
    reply.header(
      'RateLimit',
      states.map(([name, state]) => `"${name}";r=${state.remaining};t=${state.resetSeconds}`).join(', '),
    )
  })

  return {
    /** The tests quotas, bound to a request. */
    of: (request: FastifyRequest): TestQuotas => ({
      peek: (subject) => countTest(request, subject, false),
      take: (subject) => countTest(request, subject, true),
    }),
    /** Every quota as the caller of a request stands to it; what depends on the address is not known yet. */
    async describe(request: FastifyRequest): Promise<Limits['quotas']> {
      await count(request, 'tests-caller', false)
      return names.map((name) => {
        const state = request.quotaStates.get(name)
        const { max, windowMs } = state?.quota ?? settings[name]
        return {
          name,
          counts: QUOTAS[name],
          limit: max,
          windowSeconds: windowMs / 1000,
          remaining: state?.remaining ?? null,
          resetSeconds: state?.resetSeconds ?? null,
        }
      })
    },
  }
}
export type QuotaCounters = ReturnType<typeof registerQuotas>

function limiterOf(api: FastifyInstance, name: QuotaName, settings: QuotaSettings): Limiter {
  const { key, quota } = POLICIES[name]
  const options = {
    cache: CACHE,
    keyGenerator: (request: FastifyRequest) => `${name}:${key(request)}`,
    max: (request: FastifyRequest) => quota(request, settings).max,
    timeWindow: (request: FastifyRequest) => quota(request, settings).windowMs,
  }
  return api.createRateLimit(options)
}

function subjectOf(request: FastifyRequest): QuotaSubject {
  if (!request.subject) throw new Error('a tests quota was asked for before it was known whom a test counts for')
  return request.subject
}
