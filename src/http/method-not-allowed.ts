/** Answers wrong methods with 405: Fastify itself answers them with 404. */
import type { FastifyInstance } from 'fastify'
import { RequestProblem } from '../service/problem.ts'

/**
 * Answers all other methods on the paths of an app with 405 and `Allow`. Call it before the routes are registered,
 * because it watches them, and call `refuseOthers` after the last one.
 */
export function watchMethods(app: FastifyInstance): { refuseOthers(): void } {
  const allowed = new Map<string, Set<string>>()
  let watching = true
  app.addHook('onRoute', ({ url, method }) => {
    if (!watching) return
    const methods = allowed.get(url) ?? new Set<string>()
    for (const one of [method].flat()) methods.add(one)
    allowed.set(url, methods)
  })
  return {
    refuseOthers() {
      watching = false
      for (const [url, methods] of allowed) {
        app.route({
          url,
          method: app.supportedMethods.filter((method) => !methods.has(method)),
          schema: { hide: true },
          // Refuses in this hook, because it runs before the body is read.
          onRequest: async (_request, reply) => {
            const allow = [...methods].join(', ')
            reply.header('Allow', allow)
            throw new RequestProblem('method-not-allowed', `This path takes only ${allow}.`)
          },
          handler: () => {},
        })
      }
    },
  }
}
