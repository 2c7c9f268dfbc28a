/** The route of the client's package, so that `npm install https://THIS-SERVICE/client.tgz` works. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

/** The build makes this file. Its path is right for the code in src and for that in dist. */
const FILE = new URL('../../../dist/client.tgz', import.meta.url)

/** `GET /client.tgz`: the TypeScript client and the command relay-test, for everybody. Before a build there is none. */
export function registerClientPackage(app: FastifyInstance): void {
  if (!existsSync(FILE)) return
  const content = readFileSync(FILE)
  const tag = `"${createHash('sha256').update(content).digest('base64url')}"`
  app.get('/client.tgz', { schema: { hide: true } }, async (request, reply) => {
    reply.headers({ 'Content-Type': 'application/gzip', ETag: tag, 'Cache-Control': 'no-cache' })
    if (request.headers['if-none-match']?.includes(tag)) return reply.code(304).send()
    return reply.send(content)
  })
}
