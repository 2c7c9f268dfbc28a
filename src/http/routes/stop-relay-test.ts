/** The route that stops a test. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { relayTest } from '../../contract/relay-test.ts'
import { RequestProblem } from '../../service/problem.ts'
import type { RelayTests } from '../../service/relay-tests.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const DESCRIPTION =
  'Stops a test that runs or waits for a slot, and cancels its follow-ups. The test sends no further message. Its result stays: with the reason `interrupted`, or with the verdict that it already had. A key may stop every test whose result it may read. Safe to repeat.'

/** `DELETE /relay-tests/{id}`: stops a test. */
export function registerStopRelayTest(api: FastifyInstance, relayTests: RelayTests): void {
  api.delete<{ Params: { id: string } }>(
    '/relay-tests/:id',
    {
      schema: {
        operationId: 'stopRelayTest',
        summary: 'Stop a test',
        description: DESCRIPTION,
        tags: ['Relay tests'],
        params: z.object({ id: z.string().meta({ description: 'The id of the test.', format: 'uuid' }) }),
        response: {
          200: {
            description: 'The test has ended.',
            content: { 'application/json': { schema: relayTest } },
          },
          202: {
            description: 'The test ends within about a second. Read its result then.',
            content: { 'application/json': { schema: relayTest } },
          },
          ...problemResponses(...ANY_API_PROBLEM, 'not-found'),
        },
      },
      onRequest: async (request) => {
        negotiate(request, ['application/json'])
      },
    },
    async (request, reply) => {
      const [caller, { id }] = [callerOf(request), request.params]
      const result = await relayTests.stop(id, { caller, requestId: request.id })
      if (!result) throw new RequestProblem('not-found', 'There is no such result, or it has expired.')
      request.log.info({ id, caller: caller.id }, 'a caller asked to stop a test')
      return reply.code(result.status === 'finished' ? 200 : 202).send(result)
    },
  )
}
