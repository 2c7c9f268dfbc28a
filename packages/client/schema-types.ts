/** Writes schemas as TypeScript types, so that the client's package has the contract's types and does not need zod. */
import { z } from 'zod'

type JsonSchema = z.core.JSONSchema.JSONSchema

/** A schema to write: the shape that callers send (`input`), or the one that the service answers with (`output`). */
export interface Root {
  readonly schema: z.ZodType
  readonly io: 'input' | 'output'
}

/**
 * Returns one exported type for each named schema (`meta({ id })`) that the roots consist of, with the descriptions as
 * comments. Throws an Error if a schema has something that this writer does not know.
 */
export function typesOf(roots: readonly Root[]): string {
  const named = new Map<string, string>()
  for (const { schema, io } of roots) {
    const { $defs = {} } = z.toJSONSchema(schema, { io })
    for (const [name, definition] of Object.entries($defs))
      named.set(name, `export type ${name} = ${typeOf(definition)}`)
  }
  return [...named.values()].join('\n\n')
}

/** The types that are one word. */
const WORDS: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
}

function typeOf(schema: JsonSchema | boolean): string {
  if (typeof schema === 'boolean') return 'unknown'
  const { $ref, const: only, enum: words, type, items, properties } = schema
  const choices = schema.anyOf ?? schema.oneOf
  if ($ref !== undefined) return $ref.slice('#/$defs/'.length)
  if (only !== undefined) return JSON.stringify(only)
  if (words) return words.map((word) => JSON.stringify(word)).join(' | ')
  if (choices) return choices.map(typeOf).join(' | ')
  if (Array.isArray(type)) return type.map((one) => typeOf({ ...schema, type: one })).join(' | ')
  if (type === 'array' && items && !Array.isArray(items)) return `Array<${typeOf(items)}>`
  if (type === 'object') return objectType(properties ?? {}, schema.required ?? [])
  const word = WORDS[type ?? '']
  if (word === undefined) throw new Error(`no TypeScript type is known for ${JSON.stringify(schema)}`)
  return word
}

function objectType(properties: Readonly<Record<string, JsonSchema | boolean>>, required: readonly string[]): string {
  const members = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema)
    const member = required.includes(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`
    return `${commentOf(schema)}${member}`
  })
  return `{\n${members.join('\n').replace(/^/gm, '  ')}\n}`
}

function commentOf(schema: JsonSchema | boolean): string {
  const { description } = typeof schema === 'boolean' ? {} : schema
  return description === undefined ? '' : `/** ${description.replaceAll('*/', '*\\/')} */\n`
}
