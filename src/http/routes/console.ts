/** The routes of the support console: files that are served as they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pageHeaders } from '../page.ts'

/** The folder of the build with the files of the support console. Code that runs from src uses it too. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../dist/console/' : '../../console/', import.meta.url)

/** The media types of the files. No other file is served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Lets the page load our files and call our API, and nothing else. It shows replies of mail servers, so a mistake in it
 * must not let them run a script.
 */
const POLICY = [
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
]

const HEADERS = { ...pageHeaders(POLICY), Vary: 'accept-encoding' }

interface ServedFile {
  readonly type: string
  readonly content: Buffer
  readonly compressed: Buffer
}

/** Reads the files into memory. There are none where nothing is built, as when the OpenAPI document is made. */
function readFiles(): ReadonlyMap<string, ServedFile> {
  const files = new Map<string, ServedFile>()
  for (const name of existsSync(FOLDER) ? readdirSync(FOLDER) : []) {
    const type = TYPES[extname(name)]
    if (!type) continue
    const content = readFileSync(new URL(name, FOLDER))
    files.set(name, { type, content, compressed: gzipSync(content) })
  }
  return files
}

/** `GET /`: the support console, a client of the API like any other. The page needs no key, the API does. */
export function registerConsole(app: FastifyInstance): void {
  const files = readFiles()
  const send = (name: string, request: FastifyRequest, reply: FastifyReply) => {
    const file = files.get(name)
    if (!file) return reply.callNotFound()
    reply.type(file.type).headers(HEADERS)
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.content)
    return reply.header('Content-Encoding', 'gzip').send(file.compressed)
  }
  app.get('/', { schema: { hide: true } }, async (request, reply) => send('index.html', request, reply))
  app.get<{ Params: { file: string } }>('/console/:file', { schema: { hide: true } }, async (request, reply) =>
    send(request.params.file, request, reply),
  )
}
