/** The route that reads the results of a sweep: in pages, or all of them as a stream. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type SweepResult, sweepResultList, sweepResultsQuery } from '../../contract/sweeps.ts'
import { SWEEP_FORMATS } from '../../render/sweep-rows.ts'
import { readResultsQuery } from '../../sweeps/queries.ts'
import type { SweepService } from '../../sweeps/sweeps.ts'
import { callerOf } from '../auth.ts'
import { negotiate } from '../negotiate.ts'
import { ANY_API_PROBLEM, problemResponses } from '../openapi.ts'

const FORMATS = ['application/json', 'application/x-ndjson', 'text/csv'] as const

const DESCRIPTION =
  'Each target with its result, also while the sweep runs. JSON comes in pages. `application/x-ndjson` and `text/csv` have all results in one answer. `state`, `verdict`, `change` and `customerId` limit the results to those that match all of them.'

/** `GET /sweeps/{id}/results`. */
export function registerSweepResults(api: FastifyInstance, sweeps: SweepService): void {
  api.get<{ Params: { id: string } }>(
    '/sweeps/:id/results',
    {
      schema: {
        operationId: 'listSweepResults',
        summary: 'Read the results of a sweep',
        description: DESCRIPTION,
        tags: ['Sweeps'],
        params: z.object({ id: z.string().meta({ description: 'The id of the sweep.', format: 'uuid' }) }),
        querystring: sweepResultsQuery,
        response: {
          200: {
            description: 'The results that match.',
            content: {
              'application/json': { schema: sweepResultList },
              'application/x-ndjson': { schema: z.string() },
              'text/csv': { schema: z.string() },
            },
          },
          ...problemResponses(...ANY_API_PROBLEM, 'sweeps-not-allowed', 'not-found'),
        },
      },
      onRequest: async (request) => void negotiate(request, FORMATS),
    },
    async (request, reply) => {
      const [caller, { id }] = [callerOf(request), request.params]
      const format = negotiate(request, FORMATS)
      const { filter, from, limit } = readResultsQuery(request.query)
      if (format === 'application/json') {
        const { results, next } = await sweeps.page(id, caller, filter, { from, limit })
        return { results, nextCursor: next === null ? null : `${next}` }
      }
      const text = textOf(await sweeps.results(id, caller, filter), SWEEP_FORMATS[format])
      return reply.type(`${format}; charset=utf-8`).send(Readable.from(text, { objectMode: false }))
    },
  )
}

async function* textOf(
  parts: AsyncIterable<readonly SweepResult[]>,
  { head, row }: (typeof SWEEP_FORMATS)[keyof typeof SWEEP_FORMATS],
): AsyncGenerator<string> {
  if (head !== '') yield head
  for await (const part of parts) if (part.length > 0) yield part.map(row).join('')
}
