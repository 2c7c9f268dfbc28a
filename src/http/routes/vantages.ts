/** The route that lists vantages. */
import type { FastifyInstance } from 'fastify'
import { type VantageList, type VantageView, vantageList } from '../../contract/vantages.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

/** `GET /vantages`: where tests can come from, and the state of each vantage. */
export function registerVantages(api: FastifyInstance, views: () => VantageView[]): void {
  api.get(
    '/vantages',
    {
      schema: {
        operationId: 'listVantages',
        summary: 'Where tests can come from',
        tags: ['Scope'],
        response: {
          200: {
            description: 'The vantages, and what their last self-check found.',
            content: { 'application/json': { schema: vantageList } },
          },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async () => ({ vantages: views() }) satisfies VantageList,
  )
}
