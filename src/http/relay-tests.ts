import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { relayTestEvent } from '../contract/events.ts'
import { type RelayTest, relayTest, relayTestHeaders, relayTestRequest } from '../contract/relay-test.ts'
import { renderTest } from '../render/session.ts'
import { Refused } from '../service/problem.ts'
import type { RelayTests, Wish } from '../service/relay-tests.ts'
import { type RequestRules, readRequest } from '../service/request.ts'
import { callerOf } from './auth.ts'
import { EVENT_STREAM, sendEvents } from './live.ts'
import { negotiate } from './negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from './openapi.ts'
import type { QuotaCounters } from './quotas.ts'

const FORMATS = ['application/json', 'text/plain', EVENT_STREAM] as const

declare module 'fastify' {
  interface FastifyRequest {
    /** The media type of the answer, where a route has several. */
    format: (typeof FORMATS)[number]
    /** How the caller of `POST /relay-tests` wants its answer. */
    wish: Wish
  }
}

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: relayTest }, 'text/plain': { schema: z.string() } },
})

/** The same, and as it happens. */
const answerOrEvents = (description: string) => {
  const { content } = answer(description)
  return { description, content: { ...content, [EVENT_STREAM]: { schema: relayTestEvent } } }
}

const POLL_SECONDS = 5

export interface RelayTestRoutes {
  readonly relayTests: RelayTests
  readonly quotas: QuotaCounters
  readonly rules: RequestRules
}

/** `POST /relay-tests` and `GET /relay-tests/{id}`. */
export function registerRelayTests(api: FastifyInstance, { relayTests, quotas, rules }: RelayTestRoutes): void {
  // Each request gets its own in the hooks below, before anything else asks for it.
  api.decorateRequest('format')
  api.decorateRequest('wish')
  api.post(
    '/relay-tests',
    {
      schema: {
        operationId: 'createRelayTest',
        summary: 'Test whether a mail server relays for strangers',
        description:
          'Runs one test and answers when it is done; as `text/event-stream`, as soon as it begins. The status speaks of the request; what the mail server did is in the body, also where it could not be reached.',
        tags: ['Relay tests'],
        headers: relayTestHeaders,
        body: relayTestRequest,
        response: {
          201: answerOrEvents('The test is done; or it has begun, and its events follow as they happen.'),
          202: answer('The test runs; its result is under `Location`.'),
          ...problemResponses(
            ...ANY_API_PROBLEM,
            'not-allowed',
            'not-found',
            'target-busy',
            'idempotency-running',
            'idempotency-mismatch',
            'payload-too-large',
            'unsupported-media-type',
            'address-special',
            'opted-out',
            'domain-not-listed',
            'proof-unavailable',
            'vantage-inside-network',
            'vantage-family',
            'vantage-unknown',
            'vantage-down',
            'at-capacity',
            'audit-unavailable',
            'testing-off',
          ),
        },
      },
      // Before the body is read: nobody sends 8 KiB to learn that the answer cannot be had.
      onRequest: (request, _reply, done) => {
        request.format = negotiate(request, FORMATS)
        request.wish = readWish(request)
        done()
      },
    },
    async (request, reply) => {
      const wanted = readRequest(request.body, rules)
      const caller = callerOf(request)
      const { wish } = request
      const asking = { caller, requestId: request.id, log: request.log, whenGone: whenGone(reply) }
      const { result, replayed } = await relayTests.start(wanted, asking, quotas.of(request), wish)
      reply.header('Location', `/relay-tests/${result.id}`)
      if (replayed) reply.header('Idempotency-Replayed', 'true')
      if (wish.respondAsync && result.status === 'running') reply.header('Preference-Applied', 'respond-async')
      if (wish.live) return sendEvents(reply.code(201), relayTests.follow(result, caller, untilGone(reply)))
      if (result.status === 'finished') reply.code(201)
      else reply.code(202).header('Retry-After', POLL_SECONDS)
      return send(request, reply, result)
    },
  )

  api.get<{ Params: { id: string } }>(
    '/relay-tests/:id',
    {
      schema: {
        operationId: 'getRelayTest',
        summary: 'Read a result again',
        description:
          'Results are kept for two days by default. A test that still runs has the status `running`; as `text/event-stream` it is followed to its end, from its beginning, as a finished one is. The lines of a test that another replica runs come when it is finished.',
        tags: ['Relay tests'],
        params: z.object({ id: z.string().meta({ description: 'The id of the test.', format: 'uuid' }) }),
        response: {
          200: answerOrEvents('The result, or what there is of it; or its events.'),
          ...problemResponses(...ANY_API_PROBLEM, 'not-found'),
        },
      },
      onRequest: (request, _reply, done) => {
        request.format = negotiate(request, FORMATS)
        done()
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const result = await relayTests.archive.get(request.params.id, caller)
      if (!result) throw new Refused('not-found', 'There is no such result, or it has run out.')
      if (isLive(request)) return sendEvents(reply, relayTests.follow(result, caller, untilGone(reply)))
      return send(request, reply, result)
    },
  )
}

function send(request: FastifyRequest, reply: FastifyReply, result: RelayTest): FastifyReply {
  if (request.format === 'application/json') return reply.send(result)
  return reply.type('text/plain; charset=utf-8').send(renderTest(result, false))
}

const isLive = ({ format }: FastifyRequest): boolean => format === EVENT_STREAM

/** `respond-async` among the preferences of RFC 7240; others are ignored, as it says, and so is what they quote. */
const RESPOND_ASYNC = /(^|,)[ \t]*respond-async[ \t]*(=[ \t]*"")?[ \t]*(;|,|$)/i
const QUOTED = /"(?:[^"\\]|\\.)*"/g

/** Reads how a caller wants its answer. Throws Refused where the idempotency key is none. */
function readWish(request: FastifyRequest): Wish {
  const { headers, raw } = request
  const { success, data } = relayTestHeaders.safeParse(headers)
  if (!success || (raw.headersDistinct['idempotency-key'] ?? []).length > 1) {
    const detail = 'Idempotency-Key: 1 to 255 printable ASCII characters were expected, once.'
    throw new Refused('invalid-request', detail, { errors: [] })
  }
  const { 'idempotency-key': idempotencyKey = null, prefer = '' } = data
  return { idempotencyKey, respondAsync: RESPOND_ASYNC.test(prefer.replace(QUOTED, '""')), live: isLive(request) }
}

/** Calls back when the caller closes the connection before it has its answer. (`request.signal` fires at once, Fastify 5.12.) */
const whenGone =
  ({ raw, request }: FastifyReply) =>
  (gone: () => void): void => {
    const { socket } = request.raw
    const closed = () => {
      if (!raw.writableFinished) gone()
    }
    if (socket.destroyed) closed()
    raw.once('close', closed)
    // An answer that waits behind others on its connection does not hear of its end.
    socket.once('close', closed)
    raw.once('finish', () => socket.off('close', closed))
  }

/** Aborted when the caller closes the connection before it has its answer. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  whenGone(reply)(() => gone.abort())
  return gone.signal
}
