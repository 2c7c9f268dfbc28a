/** Describes the API in OpenAPI 3.1, from the routes and the schemas of the contract. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EXAMPLES } from '../contract/examples.ts'
import { PROBLEM_EXAMPLES } from '../contract/problem-examples.ts'
import { PROBLEMS, type ProblemSlug, problem, problemType } from '../contract/problems.ts'
import { VERSION } from '../version.ts'
import { headersOf } from './openapi-headers.ts'

/** The problems that every route may answer with. */
export const ANY_PROBLEM = [
  'invalid-request',
  'method-not-allowed',
  'request-timeout',
  'expectation-failed',
  'headers-too-large',
  'internal-error',
  'shutting-down',
] as const satisfies readonly ProblemSlug[]

/** The problems that every route with a key may answer with. */
export const ANY_API_PROBLEM = [
  ...ANY_PROBLEM,
  'unauthenticated',
  'not-acceptable',
  'quota-exceeded',
  'limits-unavailable',
] as const satisfies readonly ProblemSlug[]

/** Returns the problem responses of a route by status, each with its types. */
export function problemResponses(...slugs: readonly ProblemSlug[]) {
  const content = { 'application/problem+json': { schema: problem } }
  const texts = new Map<number, string[]>()
  for (const slug of slugs) {
    const { status, title } = PROBLEMS[slug]
    texts.set(status, [...(texts.get(status) ?? []), `\`${problemType(slug)}\`: ${title}.`])
  }
  return Object.fromEntries([...texts].map(([status, lines]) => [status, { description: lines.join(' '), content }]))
}

/**
 * How zod's schemas are written down. Answers may grow, so only the strict objects of requests forbid other members.
 * `default` is left out because generators of clients make a member with it required.
 */
const SCHEMAS = {
  override: ({ zodSchema, jsonSchema }) => {
    const { def } = zodSchema._zod
    if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties
    delete jsonSchema.default
  },
} satisfies z.core.ToJSONSchemaParams

/** Collects the routes of an app into a document, and serves it. Must be registered before the routes. */
export async function registerOpenapi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Relay Tests',
        version: VERSION,
        summary: 'Can a stranger send mail through this server?',
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This installation' }],
      security: [{ key: [] }],
      tags: [
        { name: 'Relay tests', description: 'Test a mail server, and read results.' },
        { name: 'Scope', description: 'What a key may test.' },
        { name: 'Limits', description: 'How much a key may do.' },
        { name: 'Health', description: 'For load balancers and orchestrators.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key, `rtk_` and 43 characters.' },
        },
      },
    },
    transform: createJsonSchemaTransform({ zodToJsonConfig: SCHEMAS }),
    transformObject: createJsonSchemaTransformObject({ zodToJsonConfig: SCHEMAS }),
  })
  app.get(
    '/openapi.json',
    {
      schema: {
        operationId: 'getOpenapi',
        summary: 'This document',
        tags: ['Health'],
        security: [],
        response: {
          200: {
            description: 'OpenAPI 3.1.',
            content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
          },
          ...problemResponses(...ANY_PROBLEM),
        },
      },
    },
    async () => describeApi(app),
  )
}

const DESCRIPTION = `Tests from outside whether a mail server relays mail for strangers. The answer has a verdict, the evidence and the session.

The HTTP status is about the request. What the mail server did is always in a 2xx body: if it cannot be reached, the answer is \`201\` with the verdict \`inconclusive\`.

\`status\`, \`verdict\`, \`evidence\` and \`outcome\` are closed sets. Any other word list may get new values: read an unknown one as "other". Answers may get new members: ignore those that you do not know.`

const response = z.looseObject({ content: z.record(z.string(), z.looseObject({})).optional() })
const operation = z.looseObject({
  security: z.array(z.unknown()).optional(),
  responses: z.record(z.string(), response),
})
const apiDocument = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
})
type ApiDocument = z.output<typeof apiDocument>

/** Returns the OpenAPI document of an app that is ready, with response headers and examples. */
export function describeApi(app: FastifyInstance): Record<string, unknown> {
  const document = tidy(app.swagger())
  for (const path of Object.values(document.paths)) {
    for (const { security, responses } of Object.values(path)) {
      for (const [status, entry] of Object.entries(responses)) entry.headers = headersOf(status, security === undefined)
    }
  }
  const { responses = {} } = document.paths['/relay-tests']?.post ?? {}
  const created = responses['201']?.content?.['application/json']
  if (created) created.examples = EXAMPLES
  for (const [status, examples] of Object.entries(PROBLEM_EXAMPLES)) {
    const refused = responses[status]?.content?.['application/problem+json']
    if (refused) refused.examples = examples
  }
  return document
}

/**
 * Keeps the schemas that are used, under their own name. The type provider writes each schema twice: X for output and
 * XInput for input.
 */
function tidy(source: unknown): ApiDocument {
  const text = JSON.stringify(source)
  const used = (name: string) => text.includes(`"#/components/schemas/${name}"`)
  const document = apiDocument.parse(JSON.parse(text.replaceAll(/(#\/components\/schemas\/\w+?)Input"/g, '$1"')))
  const schemas = Object.entries(document.components.schemas)
    .filter(([name]) => used(name))
    .map(([name, schema]) => [name.replace(/Input$/, ''), schema] as const)
    .sort(([a], [b]) => a.localeCompare(b))
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(schemas) } }
}
