/** The routes that begin, read and stop sweeps. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { sweep, sweepList, sweepRequest, sweepsQuery } from '../../contract/sweeps.ts'
import { RETRY_SOON_SECONDS, RequestProblem } from '../../service/problem.ts'
import type { RequestRules } from '../../service/request.ts'
import { readSweepsQuery } from '../../sweeps/queries.ts'
import { readSweepRequest } from '../../sweeps/request.ts'
import { requireSweeps, type SweepService } from '../../sweeps/sweeps.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

/** The longest body, in bytes: 100,000 targets with a domain and a reference each. */
const BODY_LIMIT = 16 * 1024 * 1024
/** Bodies up to this length, in bytes, cost little memory. */
const SMALL = 64 * 1024
/** How many larger bodies are read at the same time, of all callers. Of one caller, it is one. */
const LARGE_AT_ONCE = 3

const SWEEP_PROBLEMS = ['sweeps-not-allowed'] as const
const NOT_BEGUN = [
  ...SWEEP_PROBLEMS,
  'not-allowed',
  'sweep-running',
  'payload-too-large',
  'unsupported-media-type',
  'address-special',
  'opted-out',
  'domain-not-listed',
  'vantage-inside-network',
  'vantage-family',
  'at-capacity',
] as const

const params = z.object({ id: z.string().meta({ description: 'The id of the sweep.', format: 'uuid' }) })
const json = (description: string, schema: z.ZodType) => ({ description, content: { 'application/json': { schema } } })

const STARTS =
  'Tests many servers, one after another or side by side, and compares them with the last sweep of the same name. A sweep takes at most half of the slots, leaves slots free for people who wait, and tests at most one server of a network (/24, or /64 of IPv6) at a time. The service checks again whether each target may be tested when its turn comes. The tests count only in the quota `tests-target`: a server that was tested too often waits.'
const STOPS = 'Begins no further test of the sweep, and stops those that run. Its results stay. Safe to repeat.'

/** `POST /sweeps`, `GET /sweeps`, `GET /sweeps/{id}` and `DELETE /sweeps/{id}`. */
export function registerSweeps(api: FastifyInstance, sweeps: SweepService, rules: RequestRules): void {
  const bodies = new LargeBodies()
  api.post(
    '/sweeps',
    {
      bodyLimit: BODY_LIMIT,
      schema: {
        operationId: 'createSweep',
        summary: 'Test many mail servers',
        description: STARTS,
        tags: ['Sweeps'],
        body: sweepRequest,
        response: {
          201: json('The sweep has begun. `Location` is its path.', sweep),
          ...problemResponses(...ANY_API_PROBLEM, ...NOT_BEGUN),
        },
      },
      // Before the body is read, which may be large.
      onRequest: async (request, reply) => {
        negotiate(request, ['application/json'])
        const caller = callerOf(request)
        requireSweeps(caller)
        const length = Number(request.headers['content-length'] ?? Number.POSITIVE_INFINITY)
        if (length > SMALL) bodies.hold(caller.id, reply)
      },
    },
    async (request, reply) => {
      const { quotaStates } = request
      const caller = callerOf(request)
      const begun = await sweeps.start(await readSweepRequest(request.body, rules), { caller, quotaStates })
      return reply.code(201).header('Location', `/sweeps/${begun.id}`).send(begun)
    },
  )
  api.get(
    '/sweeps',
    {
      schema: {
        operationId: 'listSweeps',
        summary: 'Find sweeps',
        description:
          'The sweeps of this caller, the newest first. About three of each name are kept, for 90 days, and always the last one that has finished.',
        tags: ['Sweeps'],
        querystring: sweepsQuery,
        response: { 200: json('The sweeps.', sweepList), ...problemResponses(...ANY_API_PROBLEM, ...SWEEP_PROBLEMS) },
      },
      onRequest: async (request) => void negotiate(request, ['application/json']),
    },
    async (request) => ({ sweeps: await sweeps.list(callerOf(request), readSweepsQuery(request.query).name) }),
  )
  api.get<{ Params: { id: string } }>(
    '/sweeps/:id',
    {
      schema: {
        operationId: 'readSweep',
        summary: 'Read a sweep',
        description: 'How far the sweep is, and what it has found so far.',
        tags: ['Sweeps'],
        params,
        response: {
          200: json('The sweep.', sweep),
          ...problemResponses(...ANY_API_PROBLEM, ...SWEEP_PROBLEMS, 'not-found'),
        },
      },
      onRequest: async (request) => void negotiate(request, ['application/json']),
    },
    async (request) => sweeps.read(request.params.id, callerOf(request)),
  )
  api.delete<{ Params: { id: string } }>(
    '/sweeps/:id',
    {
      schema: {
        operationId: 'stopSweep',
        summary: 'Stop a sweep',
        description: STOPS,
        tags: ['Sweeps'],
        params,
        response: {
          200: json('The sweep has ended. Its running tests end within some seconds.', sweep),
          ...problemResponses(...ANY_API_PROBLEM, ...SWEEP_PROBLEMS, 'not-found'),
        },
      },
      onRequest: async (request) => void negotiate(request, ['application/json']),
    },
    async (request) => {
      const [caller, { id }] = [callerOf(request), request.params]
      const stopped = await sweeps.stop(id, caller)
      request.log.info({ sweep: id, caller: caller.id }, 'a caller asked to stop a sweep')
      return stopped
    },
  )
}

/** Limits how many large bodies are in memory at the same time. */
class LargeBodies {
  readonly #callers = new Set<string>()

  /** Holds a place until the answer is sent, or the caller is gone. Throws RequestProblem if there is none. */
  hold(callerId: string, reply: FastifyReply): void {
    if (this.#callers.size >= LARGE_AT_ONCE || this.#callers.has(callerId)) {
      const detail = `Other large requests are being read: send this one again, or one of at most ${SMALL} bytes.`
      throw new RequestProblem('at-capacity', detail, { retryAfter: RETRY_SOON_SECONDS })
    }
    this.#callers.add(callerId)
    reply.raw.once('close', () => this.#callers.delete(callerId))
  }
}
