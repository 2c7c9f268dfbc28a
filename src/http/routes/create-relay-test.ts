/** The route that runs a test. */
import type { FastifyInstance } from 'fastify'
import { relayTestHeaders, relayTestRequest } from '../../contract/relay-test.ts'
import { RETRY_SOON_SECONDS } from '../../service/problem.ts'
import type { AnswerOptions, RelayTests } from '../../service/relay-tests.ts'
import { type RequestRules, readRequest } from '../../service/request.ts'
import { callerOf } from '../auth.ts'
import { untilGone, whenGone } from '../caller-gone.ts'
import { sendEvents } from '../event-stream.ts'
import { isLive, MEDIA_TYPES, sendTest, testAnswer, testOrEventsAnswer } from '../formats.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'
import { readPreferences } from '../preferences.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** How the caller of `POST /relay-tests` wants its answer. */
    answerOptions: AnswerOptions
  }
}

const DESCRIPTION =
  'Runs one test and answers when it is done. A `text/event-stream` answer begins when the test starts, or when it begins to wait for a slot. The HTTP status is about the request; the body says what the mail server did, even if it could not be reached.'

const TEST_PROBLEMS = [
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
  'memory-lost',
  'testing-off',
] as const

/** `POST /relay-tests`: runs a test. */
export function registerCreateRelayTest(api: FastifyInstance, relayTests: RelayTests, rules: RequestRules): void {
  // The hook below gives each request its own.
  api.decorateRequest('answerOptions')
  api.post(
    '/relay-tests',
    {
      schema: {
        operationId: 'createRelayTest',
        summary: 'Test whether a mail server relays for strangers',
        description: DESCRIPTION,
        tags: ['Relay tests'],
        headers: relayTestHeaders,
        body: relayTestRequest,
        response: {
          201: testOrEventsAnswer('The test is done; or it has started, and its events follow while it runs.'),
          202: testAnswer('The test is running. `Location` is the path of its result.'),
          ...problemResponses(...ANY_API_PROBLEM, ...TEST_PROBLEMS),
        },
      },
      // Before the body is read: a caller should not send 8 KiB to learn that no media type fits.
      onRequest: (request, _reply, done) => {
        request.format = negotiate(request, MEDIA_TYPES)
        request.answerOptions = { ...readPreferences(request), live: isLive(request) }
        done()
      },
    },
    async (request, reply) => {
      const { answerOptions, quotaStates, id: requestId, log } = request
      const wanted = readRequest(request.body, rules)
      const caller = callerOf(request)
      const context = { caller, requestId, log, quotaStates, whenGone: whenGone(reply) }
      const { result, replayed } = await relayTests.start(wanted, context, answerOptions)
      reply.header('Location', `/relay-tests/${result.id}`)
      if (replayed) reply.header('Idempotency-Replayed', 'true')
      if (answerOptions.respondAsync && result.status === 'running') reply.header('Preference-Applied', 'respond-async')
      if (answerOptions.live) return sendEvents(reply.code(201), relayTests.follow(result, caller, untilGone(reply)))
      if (result.status === 'finished') reply.code(201)
      else reply.code(202).header('Retry-After', RETRY_SOON_SECONDS)
      return sendTest(request, reply, result)
    },
  )
}
