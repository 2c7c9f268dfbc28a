import type { FastifyInstance } from 'fastify'
import { liveness, type Readiness, readiness } from '../contract/health.ts'
import type { VantageView } from '../contract/vantages.ts'
import type { StoreServer } from '../store/stores.ts'
import type { Life } from './life.ts'
import { ANY_PROBLEM, problemResponses } from './openapi.ts'

export interface HealthRoutes {
  readonly life: Life
  /** Null where nothing is shared with other replicas. */
  readonly storeServer: StoreServer | null
  /** The configuration files by what they hold. */
  readonly files: Readonly<Record<string, { readonly loadedAt: Date; readonly error: string | null }>>
  readonly vantages: { views(): readonly VantageView[] }
}

/** Without a key, the body gives away no more than that something is wrong: faults name customers and networks. */
const SEE_LOG = 'the newest version was refused; the log of the service says why'

/** `GET /livez` and `GET /readyz`: without a key, and without a quota. */
export function registerHealth(app: FastifyInstance, { life, storeServer, files, vantages }: HealthRoutes): void {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'getLivez',
        summary: 'Whether the process runs',
        tags: ['Health'],
        security: [],
        response: {
          200: { description: 'It runs.', content: { 'application/json': { schema: liveness } } },
          ...problemResponses(...ANY_PROBLEM),
        },
      },
    },
    async () => ({ status: 'ok' }),
  )
  const content = { 'application/json': { schema: readiness } }
  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadyz',
        summary: 'Whether new requests should come here',
        tags: ['Health'],
        security: [],
        response: {
          200: { description: 'They should.', content },
          503: { description: 'The service is shutting down.', content },
          ...problemResponses(...ANY_PROBLEM),
        },
      },
    },
    async (_request, reply) => {
      reply.code(life.draining ? 503 : 200)
      const states = Object.entries(files).map(([name, { loadedAt, error }]) => [
        name,
        { loadedAt: loadedAt.toISOString(), error: error && SEE_LOG },
      ])
      return {
        status: life.draining ? 'shutting-down' : 'ok',
        redis: storeServer && ((await storeServer.isUp()) ? 'up' : 'down'),
        vantages: Object.fromEntries(vantages.views().map(({ name, state }) => [name, state])),
        files: Object.fromEntries(states),
      } satisfies Readiness
    },
  )
}
