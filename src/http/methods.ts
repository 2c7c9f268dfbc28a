import type { FastifyInstance } from 'fastify'
import { Refused } from '../service/problem.ts'

/**
 * Answers every other method on the paths of an app with 405 and `Allow`. To be registered before the routes, which it
 * watches, and to be told when they are all there.
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
          // Before a body of any kind is looked at.
          onRequest: async (_request, reply) => {
            const allow = [...methods].join(', ')
            reply.header('Allow', allow)
            throw new Refused('method-not-allowed', `This path takes ${allow}.`)
          },
          handler: () => {},
        })
      }
    },
  }
}
