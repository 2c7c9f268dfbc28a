/** The interactive reference at `GET /docs`: Swagger UI on openapi.json, served by us, without any other host. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { FastifyInstance } from 'fastify'
import { sendPage } from '../page.ts'

/** The folder of the page. The build adds the files of Swagger UI to it, so that the image does without the package. */
const FOLDER = new URL('../../reference/', import.meta.url)

const HTML = 'text/html; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

const FILES = [
  ['/docs', 'index.html', HTML],
  ['/docs/start.js', 'start.js', SCRIPT],
  ['/docs/style.css', 'style.css', STYLE],
  ['/docs/swagger-ui-bundle.js', 'swagger-ui-bundle.js', SCRIPT],
  ['/docs/swagger-ui.css', 'swagger-ui.css', STYLE],
] as const

/** Lets the page load our files and call our API. The arrows of Swagger UI are `data:` images in its style. */
const POLICY = ["script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"]

/** Registers the page and its files. They need no key; calls that the page sends do. */
export function registerReference(app: FastifyInstance): void {
  for (const [path, name, type] of FILES) {
    const page = { type, policy: POLICY, content: readFileSync(assetAt(name)) }
    app.get(path, { schema: { hide: true } }, async (_request, reply) => sendPage(reply, page))
  }
}

/** Returns where a file is: in our folder or, if the service runs without a build, in the package of Swagger UI. */
function assetAt(name: string): URL | string {
  const own = new URL(name, FOLDER)
  return existsSync(own) ? own : createRequire(import.meta.url).resolve(`swagger-ui-dist/${name}`)
}
