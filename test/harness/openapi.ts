/** Checks that answers of the service match openapi.json. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import { type ProblemSlug, problemType } from '../../src/contract/problems.ts'
import { ROOT } from './service.ts'

const openapi = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        responses: z.record(
          z.string(),
          z.looseObject({ description: z.string(), content: z.record(z.string(), z.unknown()) }),
        ),
      }),
    ),
  ),
})
/** The OpenAPI document in the repository. */
export const committed: unknown = JSON.parse(readFileSync(join(ROOT, 'openapi/openapi.json'), 'utf8'))
export const { paths } = openapi.parse(committed)

export const ajv = new Ajv2020({ strict: false, allErrors: true, formats: { ip: (text: string) => isIP(text) !== 0 } })
formats.default(ajv)
ajv.addSchema({ ...openapi.parse(closed(committed)), $id: 'openapi' })

/** Forbids members that the document does not name. It allows them, so that answers may grow. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const members = Object.entries(schema).map(([name, inner]) => [name, closed(inner)] as const)
  const isObject = members.some(([name, value]) => name === 'type' && value === 'object')
  return { ...(isObject ? { additionalProperties: false } : {}), ...Object.fromEntries(members) }
}

const token = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1')

export type Route =
  | 'post /relay-tests'
  | 'get /relay-tests'
  | 'get /relay-tests/{id}'
  | 'delete /relay-tests/{id}'
  | 'post /sweeps'
  | 'get /sweeps'
  | 'get /sweeps/{id}'
  | 'delete /sweeps/{id}'
  | 'get /sweeps/{id}/results'
  | 'get /limits'
  | 'get /customers'
  | 'get /addresses'
  | 'get /vantages'
  | 'get /livez'
  | 'get /readyz'
  | 'get /openapi.json'
  | 'get /problems'
  | 'get /problems/{slug}'

/** Checks that the document describes this response of the route. Returns its body. */
export async function conforms(route: Route, response: Response, expected: number | ProblemSlug): Promise<unknown> {
  const [method = '', path = ''] = route.split(' ')
  const status = typeof expected === 'number' ? expected : PROBLEMS[expected].status
  const text = await response.text()
  assert.equal(response.status, status, text)
  const documented = paths[path]?.[method]?.responses[status]
  assert.ok(documented, `${route} does not document ${status}`)
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? ''
  assert.ok(type in documented.content, `${route} does not document ${status} as ${type}`)
  if (typeof expected !== 'number') {
    assert.ok(documented.description.includes(`\`${problemType(expected)}\``), `${route} does not name ${expected}`)
  }
  const body: unknown = type.startsWith('text/') ? text : JSON.parse(text)
  const pointer = ['paths', path, method, 'responses', `${status}`, 'content', type, 'schema'].map(token).join('/')
  const validate = ajv.compile({ $ref: `openapi#/${pointer}` })
  assert.ok(validate(body), `${ajv.errorsText(validate.errors)}\n${text}`)
  if (typeof expected !== 'number') {
    const { type: named, instance } = z.object({ type: z.string(), instance: z.string() }).parse(body)
    assert.equal(named, problemType(expected), text)
    assert.equal(instance, response.headers.get('request-id'))
  }
  return body
}
