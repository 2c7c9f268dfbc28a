import Fastify from 'fastify'
import { answering } from './processes.ts'

/** What the route answers, whatever it is asked. */
export interface BareOrder {
  readonly status: number
  readonly body: string
}

/** A service of one Fastify route that reads a JSON body and answers with a text of JSON; it says on which port. */
answering(async ({ status, body }: BareOrder): Promise<number> => {
  const app = Fastify()
  app.post('/relay-tests', async (_request, reply) => reply.code(status).type('application/problem+json').send(body))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return Number(new URL(url).port)
})
