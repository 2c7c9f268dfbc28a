/** Generates requests: their method, path, headers and body. */

import { z } from 'zod'
import fc from '../harness/fast-check.ts'
import { committed } from '../harness/openapi.ts'
import { bodiesOf } from './bodies.ts'
import { type Hints, valuesOf } from './from-schema.ts'
import { NAUGHTY } from './naughty.ts'

/** A request as it is sent. */
export interface FuzzRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | null
}

const operations = z
  .looseObject({
    paths: z.record(
      z.string(),
      z.record(
        z.string(),
        z.looseObject({
          parameters: z.array(z.looseObject({ name: z.string(), in: z.string(), schema: z.unknown() })).optional(),
          requestBody: z
            .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })) })
            .optional(),
        }),
      ),
    ),
  })
  .parse(committed)

const naughty = fc.constantFrom(...NAUGHTY)
/** Removes characters that HTTP forbids in a header: Node does not send them. raw-http.test.ts does. */
const inHeader = (text: string): string => text.replace(/[^\x20-\x7e\x80-\xff]/g, '').trim()
/** Encodes a text for a path. Lone surrogates, which have no bytes, become U+FFFD. */
const inPath = (text: string): string => encodeURI(Buffer.from(text).toString()).replace(/[#?]/g, encodeURIComponent)

const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json;charset=utf-16',
  'application/json; charset="',
  'application/merge-patch+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  '*/*',
  ';',
]
const ACCEPTS = [
  'application/json',
  'text/plain',
  '*/*',
  'text/event-stream',
  'text/html',
  'application/json;q=0',
  'text/*;q=0.5, application/json;q=0.1',
  'application/json;q=x',
  '/',
  ';;',
]

/** Headers that change what the service does, and headers that must not change it. */
const headers: fc.Arbitrary<Record<string, string>> = fc.record(
  {
    accept: fc.oneof(fc.constantFrom(...ACCEPTS), naughty),
    prefer: fc.oneof(
      { arbitrary: fc.constantFrom('respond-async', 'wait=5', 'respond-async, wait=0', ''), weight: 3 },
      { arbitrary: naughty, weight: 1 },
    ),
    'idempotency-key': fc.oneof(fc.constantFrom('a', 'b', 'x'.repeat(255), 'x'.repeat(256)), fc.uuid(), naughty),
    'request-id': naughty,
    'x-forwarded-for': fc.oneof(fc.ipV4(), naughty),
    forwarded: naughty,
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br', 'x'),
    'if-none-match': fc.constantFrom('*', '"x"'),
    range: fc.constantFrom('bytes=0-0', 'bytes=-1'),
    cookie: naughty,
    origin: naughty,
    upgrade: fc.constantFrom('websocket', 'h2c'),
    'x-http-method-override': fc.constantFrom('DELETE', 'GET'),
  },
  { requiredKeys: [] },
)

/** Usually no header; otherwise one to three. */
const someHeaders = fc.tuple(headers, fc.nat({ max: 99 })).map(([all, choice]) => {
  const entries = Object.entries(all)
  const from = choice % Math.max(1, entries.length)
  return choice < 70 ? {} : Object.fromEntries([...entries, ...entries].slice(from, from + 1 + (choice % 3)))
})

/** The keys that requests use, mostly good ones. */
export interface Callers {
  readonly good: readonly string[]
  readonly bad: readonly string[]
}

/** Generates requests to the operations of our OpenAPI document, and to unknown paths and methods. */
export function requestsFor(hints: Hints, callers: Callers): fc.Arbitrary<FuzzRequest> {
  const authorization = fc.oneof(
    { arbitrary: fc.constantFrom(...callers.good).map((key) => `Bearer ${key}`), weight: 30 },
    { arbitrary: fc.oneof(fc.constantFrom(...callers.bad), naughty), weight: 1 },
  )
  const known = Object.entries(operations.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const schema = Object.values(operation.requestBody?.content ?? {})[0]?.schema
      const parameters = operation.parameters ?? []
      const valuesIn = (where: string) => {
        const members = parameters
          .filter((parameter) => parameter.in === where)
          .map(({ name, schema: inner }) => {
            const value = fc.oneof(
              { arbitrary: valuesOf(inner, hints, name), weight: 4 },
              { arbitrary: naughty, weight: 1 },
            )
            const given = value.map((one) => ({ [name]: String(one) }))
            const left = { arbitrary: fc.constant({}), weight: where === 'path' ? 0 : 3 }
            return fc.oneof(left, { arbitrary: given, weight: 1 })
          })
        return fc.tuple(...members).map((parts): Record<string, string> => Object.assign({}, ...parts))
      }
      const arbitrary = fc
        .tuple(
          valuesIn('path'),
          fc.oneof(
            { arbitrary: valuesIn('query'), weight: 6 },
            { arbitrary: fc.dictionary(naughty, naughty, { maxKeys: 2 }), weight: 1 },
          ),
          valuesIn('header'),
          someHeaders,
          authorization,
          schema === undefined ? fc.constant(null) : bodiesOf(schema, hints),
          fc.oneof(
            { arbitrary: fc.constant('application/json'), weight: 20 },
            { arbitrary: fc.constantFrom(...CONTENT_TYPES), weight: 1 },
          ),
        )
        .map(([inThePath, query, own, others, key, body, type]) => {
          const search = new URLSearchParams()
          for (const [name, value] of Object.entries(query)) search.append(name, String(value))
          const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => inPath(inThePath[name] ?? ''))
          const all = { ...others, ...own, authorization: key, ...(body ? { 'content-type': type } : {}) }
          return {
            method: method.toUpperCase(),
            path: search.size > 0 ? `${filled}?${search}` : filled,
            headers: cleaned(all),
            body,
          }
        })
      return { arbitrary, weight: schema === undefined ? 1 : 12 }
    }),
  )
  const unknown = fc
    .tuple(
      fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'),
      fc.oneof(
        fc.constantFrom(...Object.keys(operations.paths), '/', '//', '/metrics', '/relay-tests/'),
        naughty.map((text) => `/${text}`),
      ),
      someHeaders,
      authorization,
    )
    .map(([method, path, others, key]) => ({
      method,
      path: inPath(path),
      headers: cleaned({ ...others, authorization: key }),
      body: null,
    }))
  return fc.oneof(...known, { arbitrary: unknown, weight: 1 })
}

const cleaned = (fields: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, inHeader(String(value))]))
