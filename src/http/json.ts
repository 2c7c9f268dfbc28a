import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import type { FieldError } from '../contract/problems.ts'
import { Refused } from '../service/problem.ts'

/**
 * Reads JSON bodies strictly: as they are, in UTF-8 and no other charset (RFC 8259 section 8.1), and each member once. Where two
 * programs read `{"ip": 1, "ip": 2}` differently, one of them checks what the other does not use.
 */
export function registerJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { 'content-type': type = '', 'content-encoding': coding = 'identity' } = request.headers
    if (coding.toLowerCase() !== 'identity') {
      done(new Refused('unsupported-media-type', 'Send the body as it is, without a content coding.'))
      return
    }
    if (!inUtf8(type)) {
      done(new Refused('unsupported-media-type', 'Send the body as application/json in UTF-8.'))
      return
    }
    if (!isUtf8(body)) {
      done(new Refused('invalid-request', 'The body is not valid UTF-8.'))
      return
    }
    const text = body.toString()
    parse(request, text, (error, value) => {
      const fault = error ? null : faultIn(text)
      if (!fault) done(error, value)
      else done(new Refused('invalid-request', `${fault.pointer}: ${fault.detail}`, { errors: [fault] }))
    })
  })
}

/** Whether a Content-Type names no other charset than UTF-8. */
function inUtf8(contentType: string): boolean {
  const charsets = [...contentType.matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi)].map(([, charset = '']) => charset)
  return charsets.every((charset) => charset.toLowerCase() === 'utf-8')
}

/** A string, a mark, or the rest: together they are all there is in a text that is valid JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

/** How deep a body may be nested: no request of the contract goes beyond one. */
const DEPTH = 16

/** The first member of a valid JSON text that was there already, or what is nested too deep. */
function faultIn(json: string): FieldError | null {
  /** Of each object or array around the present place: the names so far, and which member or element this is. */
  const around: { names: Set<string> | null; step: string }[] = []
  let before = ''
  for (const [token] of json.matchAll(TOKEN)) {
    const inner = around.at(-1)
    if (token === '{' || token === '[') {
      if (around.length === DEPTH) return { pointer: pointerTo(around), detail: 'nothing nested so deep was expected' }
      around.push({ names: token === '{' ? new Set() : null, step: '0' })
    } else if (token === '}' || token === ']') around.pop()
    else if (token === ',' && inner?.names === null) inner.step = `${Number(inner.step) + 1}`
    else if (inner?.names && (before === '{' || before === ',')) {
      const name: string = JSON.parse(token)
      inner.step = name
      if (inner.names.has(name)) return { pointer: pointerTo(around), detail: 'the member was expected once' }
      inner.names.add(name)
    }
    before = token
  }
  return null
}

/** A JSON Pointer (RFC 6901 section 3). */
const pointerTo = (around: readonly { step: string }[]): string =>
  around.map(({ step }) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
