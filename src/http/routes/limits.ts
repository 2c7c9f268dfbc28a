/** The route that shows limits and quotas. */
import type { FastifyInstance } from 'fastify'
import { type Limits, limits, limitsQuery } from '../../contract/limits.ts'
import { readLimitsQuery } from '../../service/queries.ts'
import type { TestQuotas } from '../../service/quotas.ts'
import type { RelayTests } from '../../service/relay-tests.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

/** The problems of an address that may not be tested. */
const ADDRESS_PROBLEMS = [
  'not-allowed',
  'address-special',
  'opted-out',
  'vantage-inside-network',
  'vantage-family',
] as const

export interface LimitsRoutes {
  readonly relayTests: RelayTests
  readonly quotas: TestQuotas
  readonly allowedPorts: readonly number[]
}

/** `GET /limits`: what the key may do, and how much of it is left. */
export function registerLimits(api: FastifyInstance, { relayTests, quotas, allowedPorts }: LimitsRoutes): void {
  api.get(
    '/limits',
    {
      schema: {
        operationId: 'getLimits',
        summary: 'What this key may do, and how much of it is left',
        description:
          'With `ip`, also shows the quotas of that address. If the address may not be tested, the answer is the problem that a test would get.',
        tags: ['Limits'],
        querystring: limitsQuery,
        response: {
          200: { description: 'The limits of this key.', content: { 'application/json': { schema: limits } } },
          ...problemResponses(...ANY_API_PROBLEM, ...ADDRESS_PROBLEMS),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request): Promise<Limits> => {
      const caller = callerOf(request)
      const { id, customers } = caller
      const target = readLimitsQuery(request.query, allowedPorts)
      if (target) await relayTests.peekQuotas(target, caller, request.quotaStates)
      return {
        caller: id,
        customers: customers === 'all' ? customers : [...customers],
        quotas: await quotas.overview(caller, request.quotaStates),
        concurrentTests: relayTests.concurrentPerCaller,
        waitingTests: relayTests.waitingLimit,
        ports: [...allowedPorts],
      }
    },
  )
}
