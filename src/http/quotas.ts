import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Limits, QUOTAS, type Quota, type QuotaName } from '../contract/limits.ts'
import type { Exceeded, QuotaSubject, TestQuotas } from '../service/admission.ts'
import { Refused } from '../service/problem.ts'
import type { Counters } from '../store/counters.ts'
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

/** A quota as a request stood to it, and what it takes to give the place back. */
interface Standing extends QuotaState {
  readonly name: QuotaName
  readonly exceeded: boolean
  readonly key: string
  readonly ttl: number
}

/** Counts every request of this scope in `windows`, and offers the counting of tests to its routes. */
export function registerQuotas(api: FastifyInstance, settings: QuotaSettings, windows: Counters) {
  api.decorateRequest('subject', null)
  // Each request gets a map of its own in the hook below, before anything else asks for it.
  api.decorateRequest('quotaStates')
  const names = Object.keys(POLICIES).filter((name): name is QuotaName => name in QUOTAS)

  const count = async (request: FastifyRequest, name: QuotaName, increment: boolean): Promise<Standing> => {
    const policy = POLICIES[name]
    const quota = policy.quota(request, settings)
    const key = `${name}:${policy.key(request)}`
    const { current, ttl } = await (increment ? windows.count(key, quota.windowMs) : windows.read(key))
    const usedUp = request.subject?.usedUp === name
    const remaining = usedUp ? 0 : Math.max(0, quota.max - current)
    const resetSeconds = Math.ceil((usedUp ? quota.windowMs : ttl) / 1000)
    const exceeded = increment ? current > quota.max : remaining === 0
    const standing = { quota, remaining, resetSeconds, name, exceeded, key, ttl }
    request.quotaStates.set(name, standing)
    return standing
  }

  const giveBack = async (request: FastifyRequest, { name, key, ttl, exceeded, quota, ...state }: Standing) => {
    await windows.giveBack(key, ttl)
    const remaining = exceeded ? 0 : state.remaining + 1
    request.quotaStates.set(name, { quota, remaining, resetSeconds: state.resetSeconds })
  }

  const peek = async (request: FastifyRequest, subject: QuotaSubject): Promise<Exceeded | null> => {
    request.subject = subject
    return exceededOf(await Promise.all(TEST_QUOTAS.map((name) => count(request, name, false))))
  }

  /**
   * Each counter gives every test a number of its own, in all replicas, so that no more than the quota get one within it.
   * Whoever gets one beyond in any of them gives all back: it may keep out another for a moment, never let one too many in.
   */
  const take = async (request: FastifyRequest, subject: QuotaSubject): Promise<Exceeded | null> => {
    request.subject = subject
    const counted = await Promise.allSettled(TEST_QUOTAS.map((name) => count(request, name, true)))
    const standings = counted.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    const [failure] = counted.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    const exceeded = exceededOf(standings)
    if (exceeded || failure) await Promise.allSettled(standings.map((standing) => giveBack(request, standing)))
    if (failure) throw failure
    return exceeded
  }

  api.addHook('onRequest', async (request) => {
    request.quotaStates = new Map()
    const exceeded = exceededOf([await count(request, 'requests', true)])
    if (!exceeded) return
    const { policies, retryAfter } = exceeded
    const detail = `Used up: ${QUOTAS.requests} (requests). Try again in ${retryAfter} s.`
    throw new Refused('quota-exceeded', detail, { violatedPolicies: policies, retryAfter })
  })
  api.addHook('onSend', (request, reply, _payload, done) => {
    const policies: string[] = []
    const states: string[] = []
    for (const [name, { quota, remaining, resetSeconds }] of request.quotaStates ?? []) {
      policies.push(`"${name}";q=${quota.max};w=${quota.windowMs / 1000}`)
      states.push(`"${name}";r=${remaining};t=${resetSeconds}`)
    }
    if (states.length > 0) {
      reply.header('RateLimit-Policy', policies.join(', '))
      reply.header('RateLimit', states.join(', '))
    }
    done()
  })

  return {
    /** The tests quotas, bound to a request. */
    of: (request: FastifyRequest): TestQuotas => ({
      peek: (subject) => peek(request, subject),
      take: (subject) => take(request, subject),
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

function exceededOf(standings: readonly Standing[]): Exceeded | null {
  const exceeded = standings.filter((standing) => standing.exceeded)
  if (exceeded.length === 0) return null
  const retryAfter = Math.max(1, ...exceeded.map(({ resetSeconds }) => resetSeconds))
  return { policies: exceeded.map(({ name }) => name), retryAfter }
}

function subjectOf(request: FastifyRequest): QuotaSubject {
  if (!request.subject) throw new Error('a tests quota was asked for before it was known whom a test counts for')
  return request.subject
}
