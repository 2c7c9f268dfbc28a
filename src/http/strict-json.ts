/** A JSON parser for request bodies that accepts no ambiguous text. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import type { FieldError } from '../contract/problems.ts'
import { pointerTo } from '../service/pointer.ts'
import { RequestProblem } from '../service/problem.ts'

/**
 * Reads JSON bodies strictly: without a content coding, in UTF-8 (RFC 8259 section 8.1), and each member once. If two
 * programs read `{"ip": 1, "ip": 2}` differently, one may check the address that the other does not use.
 */
export function registerStrictJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const { 'content-type': type = '', 'content-encoding': coding = 'identity' } = request.headers
    if (coding.toLowerCase() !== 'identity') {
      done(new RequestProblem('unsupported-media-type', 'Send the body without a Content-Encoding.'))
      return
    }
    if (!inUtf8(type)) {
      done(new RequestProblem('unsupported-media-type', 'Send the body as application/json in UTF-8.'))
      return
    }
    if (!isUtf8(body)) {
      done(new RequestProblem('invalid-request', 'The body is not valid UTF-8.'))
      return
    }
    const text = body.toString()
    parse(request, text, (error, value) => {
      const fault = error ? null : faultIn(text)
      if (!fault) done(error, value)
      else done(new RequestProblem('invalid-request', `${fault.pointer}: ${fault.detail}`, { errors: [fault] }))
    })
  })
}

/** Whether a Content-Type names UTF-8 or no charset. */
function inUtf8(contentType: string): boolean {
  const charsets = [...contentType.matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi)].map(([, charset = '']) => charset)
  return charsets.every((charset) => charset.toLowerCase() === 'utf-8')
}

/** The tokens of valid JSON: a string, a mark, or a number or word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g

/** How deep a body may be nested. No request of the contract goes beyond one level. */
const DEPTH = 16

/** Returns the first fault of a valid JSON text: a member that is there twice, or one that is nested too deep. */
function faultIn(json: string): FieldError | null {
  /** The objects and arrays around the present token: the names in each so far, and the member or index it is at. */
  const around: { names: Set<string> | null; step: string }[] = []
  let before = ''
  for (const [token] of json.matchAll(TOKEN)) {
    const inner = around.at(-1)
    if (token === '{' || token === '[') {
      if (around.length === DEPTH) return faultAt(around, `must not be nested deeper than ${DEPTH} levels`)
      around.push({ names: token === '{' ? new Set() : null, step: '0' })
    } else if (token === '}' || token === ']') around.pop()
    else if (token === ',' && inner?.names === null) inner.step = `${Number(inner.step) + 1}`
    else if (inner?.names && (before === '{' || before === ',')) {
      const name: string = JSON.parse(token)
      inner.step = name
      if (inner.names.has(name)) return faultAt(around, 'must be given only once')
      inner.names.add(name)
    }
    before = token
  }
  return null
}

const faultAt = (around: readonly { step: string }[], detail: string): FieldError => ({
  pointer: pointerTo(around.map(({ step }) => step)),
  detail,
})
