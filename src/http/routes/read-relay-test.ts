/** The route that reads a result, or follows a test. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { RequestProblem } from '../../service/problem.ts'
import { readUntil } from '../../service/queries.ts'
import type { RelayTests } from '../../service/relay-tests.ts'
import { callerOf } from '../auth.ts'
import { untilGone } from '../caller-gone.ts'
import { sendEvents } from '../event-stream.ts'
import { isLive, MEDIA_TYPES, sendTest, testOrEventsAnswer } from '../formats.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const DESCRIPTION =
  'Results are kept for two days by default. A test that is still running has the status `running`, and the lines and attempts so far if this replica runs it. A `text/event-stream` answer has all events of the test from its start, even if it has finished. With `?until=answer` it stays open until no follow-up is left, and each amended result comes as another `verdict`. If another replica runs the test, its lines come only when it has finished.'

/** `GET /relay-tests/{id}`: reads or follows a test. */
export function registerReadRelayTest(api: FastifyInstance, relayTests: RelayTests): void {
  api.get<{ Params: { id: string } }>(
    '/relay-tests/:id',
    {
      schema: {
        operationId: 'getRelayTest',
        summary: 'Read a result',
        description: DESCRIPTION,
        tags: ['Relay tests'],
        params: z.object({ id: z.string().meta({ description: 'The id of the test.', format: 'uuid' }) }),
        querystring: z.object({
          until: z.enum(['answer'], { error: 'must be "answer"' }).optional().meta({
            description: 'How long an event stream stays open: until no follow-up is left. Default: until the verdict.',
          }),
        }),
        response: {
          200: testOrEventsAnswer('The result, the members of it that are known so far, or the events of the test.'),
          ...problemResponses(...ANY_API_PROBLEM, 'not-found'),
        },
      },
      onRequest: (request, _reply, done) => {
        request.format = negotiate(request, MEDIA_TYPES)
        done()
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const result = await relayTests.read(request.params.id, caller)
      if (!result) throw new RequestProblem('not-found', 'There is no such result, or it has expired.')
      const gone = untilGone(reply)
      const events = readUntil(request.query)
        ? relayTests.followToAnswer(result, caller, gone)
        : relayTests.follow(result, caller, gone)
      if (isLive(request)) return sendEvents(reply, events)
      return sendTest(request, reply, result)
    },
  )
}
