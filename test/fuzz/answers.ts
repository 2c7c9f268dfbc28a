/** Checks that an answer is one that openapi.json promises. */
import assert from 'node:assert/strict'
import type { ValidateFunction } from 'ajv'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import { eventsIn } from '../harness/events.ts'
import { ajv, paths } from '../harness/openapi.ts'
import type { FuzzRequest } from './requests.ts'

/** An answer of the service. */
export interface FuzzAnswer {
  readonly status: number
  readonly type: string
  readonly requestId: string | undefined
  readonly body: string
}

const token = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')

const validators = new Map<string, ValidateFunction>()
function validatorFor(pointer: string): ValidateFunction {
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `openapi#${pointer}` })
  validators.set(pointer, known)
  return known
}

/** Returns the pattern of a path. The router takes an empty parameter too, except at the end of a path. */
const patternOf = (template: string): string =>
  template
    .replace(/[.]/g, '\\.')
    .replace(/\{\w+\}\//g, '[^/]*/')
    .replace(/\{\w+\}/g, '[^/]+')

const templates = Object.keys(paths).map((template) => ({
  template,
  pattern: new RegExp(`^${patternOf(template)}/?$`),
}))

/** Returns the pointer to the schema of a response in the document, by its status and media type. Null if none. */
function promised({ method, path }: FuzzRequest, { status, type }: FuzzAnswer): string | null {
  const [bare = ''] = path.split('?')
  const template = templates.find(({ pattern }) => pattern.test(bare))?.template ?? ''
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase()
  const content = paths[template]?.[verb]?.responses[status]?.content ?? {}
  if (!(type in content)) return null
  return `/${['paths', template, verb, 'responses', `${status}`, 'content', type, 'schema'].map(token).join('/')}`
}

/** The statuses for paths and methods that the document does not describe. */
const ELSEWHERE: ReadonlySet<number> = new Set([400, 404, 405, 431])

const EVENT_STREAM = 'text/event-stream'

/** Returns the values that a schema describes: the body, or each event of a stream. */
function valuesIn(type: string, body: string): readonly unknown[] {
  if (type === EVENT_STREAM) return eventsIn(body)
  return [type.startsWith('text/') ? body : JSON.parse(body)]
}

/** Checks that the document describes this answer, that its body fits, and that the service had no fault. */
export function checkAnswer(request: FuzzRequest, answer: FuzzAnswer): void {
  const { status, type, body, requestId } = answer
  const problem = type === 'application/problem+json'
  assert.ok(status < 500 || (status === 503 && problem), `${status} ${body}`)
  assert.ok(requestId, 'every answer has an id')
  // The console and the reference are pages. The document does not describe them.
  if (type === 'text/html' && status === 200 && /^\/+(docs\/?)?(\?|$)/.test(request.path)) return
  const content = promised(request, answer)
  // Each event of a stream has a schema, and their text has none.
  const pointer = content !== null && type === EVENT_STREAM ? '/components/schemas/RelayTestEvent' : content
  assert.ok(pointer !== null || (problem && ELSEWHERE.has(status)), `no document promises ${status} ${type}: ${body}`)
  if (request.method === 'HEAD') return
  const validate = validatorFor(pointer ?? '/components/schemas/Problem')
  for (const value of valuesIn(type, body)) {
    assert.ok(validate(value), `${ajv.errorsText(validate.errors)}\n${body}`)
  }
  if (!problem) return
  const slug = Object.entries(PROBLEMS).find(([name]) => body.includes(`"urn:relay-tests:problem:${name}"`))
  assert.equal(slug?.[1].status, status, body)
  assert.ok(body.includes(`"${requestId}"`), 'the problem names the request')
}
