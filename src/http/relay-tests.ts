import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type RelayTest, relayTest, relayTestRequest } from '../contract/relay-test.ts'
import { renderTest } from '../render/session.ts'
import { Refused } from '../service/problem.ts'
import type { RelayTests } from '../service/relay-tests.ts'
import { type RequestRules, readRequest } from '../service/request.ts'
import { callerOf } from './auth.ts'
import { negotiate } from './negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from './openapi.ts'
import type { QuotaCounters } from './quotas.ts'

const FORMATS = ['application/json', 'text/plain'] as const

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: relayTest }, 'text/plain': { schema: z.string() } },
})

/** Request headers of later versions: to take them and do nothing would break a promise. */
const NOT_YET = {
  'idempotency-key': 'Idempotency-Key is not supported by this version: leave it out.',
  prefer: 'Prefer is not supported by this version: leave it out.',
} as const

export interface RelayTestRoutes {
  readonly relayTests: RelayTests
  readonly quotas: QuotaCounters
  readonly rules: RequestRules
}

/** `POST /relay-tests` and `GET /relay-tests/{id}`. */
export function registerRelayTests(api: FastifyInstance, { relayTests, quotas, rules }: RelayTestRoutes): void {
  api.post(
    '/relay-tests',
    {
      schema: {
        operationId: 'createRelayTest',
        summary: 'Test whether a mail server relays for strangers',
        description:
          'Runs one test and answers when it is done. The status speaks of the request; what the mail server did is in the body, also where it could not be reached.',
        tags: ['Relay tests'],
        body: relayTestRequest,
        response: {
          201: answer('The test is done.'),
          ...problemResponses(
            ...ANY_API_PROBLEM,
            'not-allowed',
            'target-busy',
            'payload-too-large',
            'unsupported-media-type',
            'address-special',
            'opted-out',
            'domain-not-listed',
            'proof-unavailable',
            'vantage-inside-network',
            'vantage-family',
            'at-capacity',
            'audit-unavailable',
            'testing-off',
          ),
        },
      },
      // Before the body is read: nobody sends 8 KiB to learn that the answer cannot be had.
      onRequest: async (request) => {
        negotiate(request, FORMATS)
        for (const [header, detail] of Object.entries(NOT_YET)) {
          if (header in request.headers) throw new Refused('invalid-request', detail, { errors: [] })
        }
      },
    },
    async (request, reply) => {
      const wanted = readRequest(request.body, rules)
      const asking = { caller: callerOf(request), requestId: request.id, gone: whenGone(reply), log: request.log }
      const result = await relayTests.start(wanted, asking, quotas.of(request))
      reply.code(201).header('Location', `/relay-tests/${result.id}`)
      return send(request, reply, result)
    },
  )

  api.get<{ Params: { id: string } }>(
    '/relay-tests/:id',
    {
      schema: {
        operationId: 'getRelayTest',
        summary: 'Read a result again',
        description: 'Results are kept for a day by default. A test that still runs has the status `running`.',
        tags: ['Relay tests'],
        params: z.object({ id: z.string().meta({ description: 'The id of the test.', format: 'uuid' }) }),
        response: {
          200: answer('The result, or what there is of it.'),
          ...problemResponses(...ANY_API_PROBLEM, 'not-found'),
        },
      },
      onRequest: async (request) => {
        negotiate(request, FORMATS)
      },
    },
    async (request, reply) => {
      const result = await relayTests.get(request.params.id, callerOf(request))
      if (!result) throw new Refused('not-found', 'There is no such result, or it has run out.')
      return send(request, reply, result)
    },
  )
}

function send(request: FastifyRequest, reply: FastifyReply, result: RelayTest): FastifyReply {
  if (negotiate(request, FORMATS) === 'application/json') return reply.send(result)
  return reply.type('text/plain; charset=utf-8').send(renderTest(result, false))
}

/** Aborted when the caller closes the connection before it has its answer. (`request.signal` fires at once, Fastify 5.12.) */
function whenGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  const left = () => {
    if (!reply.raw.writableFinished) gone.abort()
  }
  reply.raw.once('close', left)
  // An answer that waits behind others on its connection does not hear of its end.
  reply.request.raw.socket.once('close', left)
  reply.raw.once('finish', () => reply.request.raw.socket.off('close', left))
  return gone.signal
}
