/** The route that looks up a name. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { addressList } from '../../contract/scope.ts'
import type { Directory } from '../../service/directory.ts'
import { readHostQuery } from '../../service/queries.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const query = z.object({
  name: z.string().meta({
    description: 'A host name or mail domain of letters, digits and hyphens, or an IP address.',
    examples: ['example.com'],
  }),
})

/** `GET /addresses`: the addresses of a name, and which of them the key may test. */
export function registerAddresses(api: FastifyInstance, directory: Directory): void {
  api.get(
    '/addresses',
    {
      schema: {
        operationId: 'listAddresses',
        summary: 'The addresses of a name, and which of them this key may test',
        description:
          'Asks the name servers for MX, A and AAAA records, for five seconds at most, and connects to nothing else. Counts as one request.',
        tags: ['Scope'],
        querystring: query,
        response: {
          200: { description: 'The addresses of the name.', content: { 'application/json': { schema: addressList } } },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request) => directory.addresses(callerOf(request), readHostQuery(request.query)),
  )
}
