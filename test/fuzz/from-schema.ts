/** Generates values from the schemas of openapi.json. */

import { z } from 'zod'
import fc from '../harness/fast-check.ts'
import { committed } from '../harness/openapi.ts'
import { NAUGHTY } from './naughty.ts'

/** The part of JSON Schema that our OpenAPI document uses for requests. */
const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.string().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
})
type Schema = z.output<typeof schemaShape>

/** Values that the service under test knows, by the name of the member. They make a request meaningful. */
export type Hints = Readonly<Record<string, readonly unknown[]>>

/** Generates values that a schema of our OpenAPI document describes, mostly from the hints. */
export function valuesOf(schema: unknown, hints: Hints, name = ''): fc.Arbitrary<unknown> {
  const known = hints[name]
  const described = describedBy(resolve(schema), hints)
  return known
    ? fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 15 }, { arbitrary: described, weight: 1 })
    : described
}

function describedBy(schema: Schema, hints: Hints): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.const !== undefined) return fc.constant(schema.const)
  const either = schema.anyOf ?? schema.oneOf
  if (either)
    return fc.oneof(...either.map((one) => describedBy({ ...schema, anyOf: undefined, ...resolve(one) }, hints)))
  switch (schema.type) {
    case 'string':
      return textOf(schema)
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -100, max: schema.maximum ?? 100_000 })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, hints), { maxLength: 3 })
    case 'object': {
      const members = Object.entries(schema.properties ?? {}).map(([name, inner]) => {
        const freq = schema.required?.includes(name) ? undefined : 5
        const value = valuesOf(inner, hints, name).map((one) => ({ [name]: one }))
        return freq === undefined ? value : fc.option(value, { freq, nil: {} })
      })
      return fc.tuple(...members).map((parts) => Object.assign({}, ...parts))
    }
    default:
      return anything
  }
}

function textOf({ format, pattern, minLength = 0, maxLength = 80 }: Schema): fc.Arbitrary<string> {
  if (format === 'ip') return fc.oneof(fc.ipV4(), fc.ipV6())
  if (format === 'uuid') return fc.uuid()
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  // fast-check cannot generate texts for a look-ahead. Ours limit the lengths of a domain and of a mailbox.
  if (pattern?.includes('(?=')) return pattern.includes('@') ? fc.emailAddress() : fc.domain()
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  return fc.string({ minLength, maxLength: Math.min(maxLength, 80) })
}

/** Returns a schema, or the one that its reference points to. */
function resolve(schema: unknown): Schema {
  const read = schemaShape.parse(schema)
  if (read.$ref === undefined) return read
  const [, ...path] = read.$ref.split('/')
  let found: unknown = committed
  for (const step of path) found = z.looseObject({}).parse(found)[step]
  return resolve(found)
}

/** Generates values of any kind, which no schema describes. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...NAUGHTY),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, true, -1, 0, 0.5, 1e21, 25, [], {}, [['x']], { ip: '127.0.0.1' }),
)
