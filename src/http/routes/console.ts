/** The routes of the support console: plain files, served as they are. */
import { readFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'

/** The folder with the files of the support console. It has the same place in src and in dist. */
const FOLDER = new URL('../../console/', import.meta.url)

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/console/style.css', 'style.css', 'text/css; charset=utf-8'],
  ['/console/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/console/api.js', 'api.js', 'text/javascript; charset=utf-8'],
  ['/console/errors.js', 'errors.js', 'text/javascript; charset=utf-8'],
  ['/console/state.js', 'state.js', 'text/javascript; charset=utf-8'],
  ['/console/testing.js', 'testing.js', 'text/javascript; charset=utf-8'],
  ['/console/choices.js', 'choices.js', 'text/javascript; charset=utf-8'],
  ['/console/result.js', 'result.js', 'text/javascript; charset=utf-8'],
  ['/console/session.js', 'session.js', 'text/javascript; charset=utf-8'],
  ['/console/view.js', 'view.js', 'text/javascript; charset=utf-8'],
  ['/console/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const

/**
 * Lets the page load our files and call our API, and nothing else. It shows replies of mail servers, so a mistake in it
 * must not let them run a script.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
} as const

/** `GET /`: the support console, a client of the API like any other. The page needs no key, the API does. */
export function registerConsole(app: FastifyInstance): void {
  for (const [path, name, type] of FILES) {
    const content = readFileSync(new URL(name, FOLDER))
    app.get(path, { schema: { hide: true } }, async (_request, reply) =>
      reply.type(type).headers(HEADERS).send(content),
    )
  }
}
