/** The route that finds earlier tests. */
import type { FastifyInstance } from 'fastify'
import { listQuery } from '../../contract/list-query.ts'
import { relayTestList } from '../../contract/relay-test.ts'
import { readListQuery } from '../../service/queries.ts'
import type { RelayTests } from '../../service/relay-tests.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

/** `GET /relay-tests`: earlier tests, the newest first. */
export function registerListRelayTests(api: FastifyInstance, relayTests: RelayTests): void {
  api.get(
    '/relay-tests',
    {
      schema: {
        operationId: 'listRelayTests',
        summary: 'Find earlier tests',
        description:
          'The newest tests of the customers that this key may test. `ip`, `reference`, `customerId`, `verdict` and `since` limit the list to the tests that match all of them.',
        tags: ['Relay tests'],
        querystring: listQuery,
        response: {
          200: {
            description: 'The tests that match, without details.',
            content: { 'application/json': { schema: relayTestList } },
          },
          ...problemResponses(...ANY_API_PROBLEM),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request) => relayTests.archive.list(readListQuery(request.query), callerOf(request)),
  )
}
