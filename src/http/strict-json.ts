/** A JSON parser for request bodies that accepts no ambiguous text. */
import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { RequestProblem } from '../service/problem.ts'
import { faultIn } from './json-faults.ts'

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
    // Some clients send the header with every request. A DELETE has no body.
    if (text === '' && request.method === 'DELETE') {
      done(null)
      return
    }
    parse(request, text, (error, value) => {
      if (text === '') done(error, value)
      else withoutFault(text).then(() => done(error, value), done)
    })
  })
}

/** Rejects with the problem of the first fault of a body. */
async function withoutFault(text: string): Promise<void> {
  const fault = await faultIn(text)
  if (fault) throw new RequestProblem('invalid-request', fault.detail, { errors: [fault.error] })
}

/** Whether a Content-Type names UTF-8 or no charset. */
function inUtf8(contentType: string): boolean {
  const charsets = [...contentType.matchAll(/;\s*charset\s*=\s*"?([^";\s]*)/gi)].map(([, charset = '']) => charset)
  return charsets.every((charset) => charset.toLowerCase() === 'utf-8')
}
