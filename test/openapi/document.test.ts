/** What generators of clients need from openapi.json: answers that may grow, and requests without hidden duties. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiDocument, type Schema } from '../../openapi/document.ts'
import { committed } from '../harness/openapi.ts'

const { schemas } = apiDocument.parse(committed).components

/** Returns a schema and all schemas within it. */
function within(schema: Schema): Schema[] {
  const { properties = {}, items, anyOf = [], oneOf = [], additionalProperties } = schema
  const inner = [...Object.values(properties), ...(items ? [items] : []), ...anyOf, ...oneOf]
  const others = typeof additionalProperties === 'object' ? [additionalProperties] : []
  return [schema, ...[...inner, ...others].flatMap(within)]
}

test('answers may grow, and a request may not hold members that nobody reads', () => {
  for (const [name, schema] of Object.entries(schemas)) {
    const closed = within(schema).filter(({ additionalProperties }) => additionalProperties === false)
    assert.equal(closed.length, name === 'RelayTestRequest' ? 1 : 0, name)
  }
})

test('a request needs only an address: no member has a default that makes a generated client ask for it', () => {
  assert.deepEqual(schemas.RelayTestRequest?.required, ['ip'])
  for (const [name, schema] of Object.entries(schemas)) {
    for (const inner of within(schema)) assert.equal('default' in inner, false, name)
  }
  const { port, suite } = schemas.RelayTestRequest?.properties ?? {}
  assert.deepEqual([port?.description, suite?.description], ['Default: 25.', 'Default: `standard`.'])
})

test('the address in a request is a plain string with a format and an example', () => {
  const { description, ...ip } = schemas.RelayTestRequest?.properties?.ip ?? {}
  assert.deepEqual(ip, { type: 'string', format: 'ip', examples: ['203.0.113.25'] })
  assert.match(description ?? '', /IPv4 or IPv6/)
})
