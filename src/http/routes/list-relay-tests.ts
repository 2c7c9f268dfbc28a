/** The route that finds earlier tests. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type RelayTestList, relayTestList } from '../../contract/relay-test.ts'
import type { RelayTests } from '../../service/relay-tests.ts'
import { readFilter } from '../../service/request.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const query = z.object({
  ip: z.string().optional().meta({ description: 'The address that was tested.' }),
  reference: z.string().optional().meta({ description: 'The reference that the request gave.' }),
})

/** `GET /relay-tests`: the newest tests of an address, or those with a reference. */
export function registerListRelayTests(api: FastifyInstance, relayTests: RelayTests): void {
  api.get(
    '/relay-tests',
    {
      schema: {
        operationId: 'listRelayTests',
        summary: 'Find earlier tests',
        description: 'Takes either `ip` or `reference`. The list has only tests of customers that this key may test.',
        tags: ['Relay tests'],
        querystring: query,
        response: {
          200: {
            description: 'The newest tests that match, without details.',
            content: { 'application/json': { schema: relayTestList } },
          },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request) => {
      const { by, value } = readFilter(request.query)
      const list: RelayTestList = { relayTests: await relayTests.archive.list(by, value, callerOf(request)) }
      return list
    },
  )
}
