import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { addressList } from '../contract/scope.ts'
import { readName } from '../service/request.ts'
import type { Scope } from '../service/scope.ts'
import { callerOf } from './auth.ts'
import { negotiate } from './negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from './openapi.ts'

const query = z.object({
  name: z.string().meta({
    description: 'A host name or mail domain of letters, digits and hyphens, or an IP address.',
    examples: ['example.com'],
  }),
})

/** `GET /addresses`: where a name leads. */
export function registerAddresses(api: FastifyInstance, scope: Scope): void {
  api.get(
    '/addresses',
    {
      schema: {
        operationId: 'listAddresses',
        summary: 'Where a name leads, and what of it this key may test',
        description:
          'Asks the name servers for MX, A and AAAA, for five seconds at most, and connects to nothing else. Costs one request.',
        tags: ['Scope'],
        querystring: query,
        response: {
          200: { description: 'The addresses there are.', content: { 'application/json': { schema: addressList } } },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request) => scope.addresses(callerOf(request), readName(request.query)),
  )
}
