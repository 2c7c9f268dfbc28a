/** Runs a bare Fastify route in its own process, to compare the service with it. */
import Fastify from 'fastify'
import { answering } from './processes.ts'

/** The answer that the route always gives. */
export interface BareOrder {
  readonly status: number
  readonly body: string
}

/** Starts a service with one route that reads a JSON body, and answers with its port. */
answering(async ({ status, body }: BareOrder): Promise<number> => {
  const app = Fastify()
  app.post('/relay-tests', async (_request, reply) => reply.code(status).type('application/problem+json').send(body))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return Number(new URL(url).port)
})
