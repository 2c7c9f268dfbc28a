/** The routes that load balancers and orchestrators ask. */
import type { FastifyInstance } from 'fastify'
import { liveness, type Readiness, readiness } from '../../contract/health.ts'
import type { VantageView } from '../../contract/vantages.ts'
import type { StoreState, WatchedServer } from '../../store/stores.ts'
import { ANY_PROBLEM, problemResponses } from '../openapi.ts'
import type { ShutdownState } from '../shutdown.ts'

export interface HealthRoutes {
  readonly shutdown: ShutdownState
  /** Null if this is the only replica. */
  readonly storeServer: WatchedServer | null
  /** The configuration files by their content: customers, callers, vantages, sweeps. */
  readonly files: Readonly<Record<string, { readonly loadedAt: Date; readonly error: string | null }>>
  readonly vantages: { views(): readonly VantageView[] }
}

/** Replaces the faults of a file, because they name customers and networks and this route needs no key. */
const SEE_LOG = 'the newest version was refused; the log of the service says why'

const wordFor = ({ isUp, waitMs }: StoreState): Readiness['redis'] => {
  if (!isUp) return 'down'
  return waitMs > 0 ? 'memory-lost' : 'up'
}

/** `GET /livez` and `GET /readyz`: for load balancers, without a key and without a quota. */
export function registerHealth(app: FastifyInstance, { shutdown, storeServer, files, vantages }: HealthRoutes): void {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'getLivez',
        summary: 'Whether the process is running',
        tags: ['Health'],
        security: [],
        response: {
          200: { description: 'It is running.', content: { 'application/json': { schema: liveness } } },
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
          200: { description: 'New requests should come here.', content },
          503: { description: 'The service is shutting down.', content },
          ...problemResponses(...ANY_PROBLEM),
        },
      },
    },
    async (_request, reply) => {
      reply.code(shutdown.draining ? 503 : 200)
      const states = Object.entries(files).map(([name, { loadedAt, error }]) => [
        name,
        { loadedAt: loadedAt.toISOString(), error: error && SEE_LOG },
      ])
      return {
        status: shutdown.draining ? 'shutting-down' : 'ok',
        redis: storeServer && wordFor(await storeServer.state()),
        vantages: Object.fromEntries(vantages.views().map(({ name, state }) => [name, state])),
        files: Object.fromEntries(states),
      } satisfies Readiness
    },
  )
}
