/** The route that lists customers. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { customerList } from '../../contract/scope.ts'
import type { Directory } from '../../service/directory.ts'
import { readAfter } from '../../service/queries.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const query = z.object({
  after: z.string().optional().meta({ description: 'Start after this id: `next` of the page before.' }),
})

/** `GET /customers`: the customers whose servers the key may test. */
export function registerCustomers(api: FastifyInstance, directory: Directory): void {
  api.get(
    '/customers',
    {
      schema: {
        operationId: 'listCustomers',
        summary: 'Whose servers this key may test',
        tags: ['Scope'],
        querystring: query,
        response: {
          200: { description: 'A page of customers.', content: { 'application/json': { schema: customerList } } },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request) => directory.customers(callerOf(request), readAfter(request.query)),
  )
}
