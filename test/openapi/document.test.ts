/** openapi.json has everything that readers and generators of clients need, in every corner of the document. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { PROBLEM_HELP } from '../../src/contract/problem-help.ts'
import { ajv, committed } from '../harness/openapi.ts'

const node = z.record(z.string(), z.unknown())
type Node = z.output<typeof node>

/** Returns every object of the document with its path, without those inside examples. */
function nodesOf(value: unknown, path: readonly string[] = []): { path: string; node: Node }[] {
  if (typeof value !== 'object' || value === null) return []
  const own = Array.isArray(value) ? [] : [{ path: path.join(' '), node: node.parse(value) }]
  const inner = Object.entries(value).filter(([name]) => name !== 'examples')
  return [...own, ...inner.flatMap(([name, one]) => nodesOf(one, [...path, name]))]
}

const NODES = nodesOf(committed)

/** Schemas have a type or refer to another schema. So do headers, parameters and media types, in their `schema`. */
const SCHEMAS = NODES.filter(({ path }) => /^components schemas |(^| )schema( |$)/.test(path)).filter(
  ({ path }) => !/ (properties|required)$/.test(path),
)

const contents = NODES.filter(({ path }) => / content$/.test(path)).flatMap(({ path, node: types }) =>
  Object.entries(types).map(([type, media]) => ({ path, type, media: node.parse(media) })),
)

test('answers may grow, and a request may not hold members that nobody reads', () => {
  const closed = SCHEMAS.filter(({ node: { additionalProperties } }) => additionalProperties === false)
  assert.deepEqual(
    closed.map(({ path }) => path),
    [
      'components schemas RelayTestRequest',
      'components schemas SweepRequest',
      'components schemas SweepRequest properties targets items',
    ],
  )
})

test('a request needs only an address, and no default makes a generated client ask for more', () => {
  const request = SCHEMAS.find(({ path }) => path === 'components schemas RelayTestRequest')?.node
  assert.deepEqual(request?.required, ['ip'])
  const sweep = SCHEMAS.find(({ path }) => path === 'components schemas SweepRequest properties targets items')?.node
  assert.deepEqual(sweep?.required, ['ip'])
  assert.deepEqual(
    SCHEMAS.filter(({ node: one }) => 'default' in one),
    [],
  )
  const { port, suite } = z.object({ port: node, suite: node }).parse(request?.properties)
  assert.deepEqual([port.description, suite.description], ['Default: 25.', 'Default: `standard`.'])
})

test('an address is a plain string with a format and an example', () => {
  const ip = SCHEMAS.find(({ path }) => path === 'components schemas RelayTestRequest properties ip')?.node
  const { description, ...rest } = z.looseObject({ description: z.string() }).parse(ip)
  assert.deepEqual(rest, { type: 'string', format: 'ip', examples: ['203.0.113.25'] })
  assert.match(description, /IPv4 or IPv6/)
})

test('every schema has a type, so that no generated member is unknown', () => {
  const typed = ['type', '$ref', 'anyOf', 'oneOf', 'const', 'enum']
  const untyped = SCHEMAS.filter(({ node: one }) => !typed.some((name) => name in one)).map(({ path }) => path)
  // The document itself may hold anything.
  const document = 'paths /openapi.json get responses 200 content application/json schema additionalProperties'
  assert.deepEqual(untyped, [document])
})

test('a number has no limits that only say how far a program can count', () => {
  for (const { path, node: one } of SCHEMAS) {
    for (const limit of [one.minimum, one.maximum])
      assert.ok(limit === undefined || Math.abs(Number(limit)) < Number.MAX_SAFE_INTEGER, path)
  }
})

test('text and event streams are strings, so that only JSON has members', () => {
  const texts = contents.filter(({ type }) => type.startsWith('text/') || type === 'application/x-ndjson')
  assert.ok(texts.length > 5)
  for (const { path, media } of texts) assert.equal(node.parse(media.schema).type, 'string', path)
})

test('every JSON request and answer has an example, and each example fits its schema', () => {
  const json = contents.filter(
    ({ type, path }) => /[/+]json$/.test(type) && !path.startsWith('paths /openapi.json get responses 200'),
  )
  assert.ok(json.length > 100)
  for (const { path, type, media } of json) {
    const examples = Object.entries(node.parse(media.examples))
    assert.ok(examples.length > 0, path)
    const place = [...path.split(' '), type, 'schema'].map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'))
    const fits = ajv.compile({ $ref: `openapi#/${place.join('/')}` })
    for (const [name, example] of examples) {
      const { value } = z.object({ value: z.unknown() }).parse(resolved(node.parse(example)))
      assert.ok(fits(value), `${path} ${name}: ${ajv.errorsText(fits.errors)}`)
    }
  }
})

/** Returns an example, or the one that it refers to. */
function resolved(example: Node): unknown {
  const { components } = z.object({ components: z.object({ examples: node }) }).parse(committed)
  return typeof example.$ref === 'string' ? components.examples[example.$ref.split('/').at(-1) ?? ''] : example
}

test('the document has the catalogue of errors and the webhooks', () => {
  const { tags, webhooks } = z.object({ tags: z.array(node), webhooks: node }).parse(committed)
  const errors = `${tags.find(({ name }) => name === 'Errors')?.description}`
  for (const [slug, { fix, help }] of PROBLEM_HELP)
    assert.ok(errors.includes(`[\`${slug}\`](${help})`) && errors.includes(fix))
  assert.deepEqual(Object.keys(webhooks), ['event'])
})
