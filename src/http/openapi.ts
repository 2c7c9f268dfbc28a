/** Describes the API in OpenAPI 3.1, from the routes and the schemas of the contract. */
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { SHARED_EXAMPLES } from '../contract/answer-examples.ts'
import { PROBLEMS } from '../contract/problem-catalogue.ts'
import { PROBLEM_HELP } from '../contract/problem-help.ts'
import { type ProblemSlug, problem, problemType } from '../contract/problems.ts'
import { VERSION } from '../version.ts'
import { addExamples } from './openapi-examples.ts'
import { headersOf } from './openapi-headers.ts'
import { WEBHOOKS } from './openapi-webhooks.ts'

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
 * `default` is left out because generators of clients make a member with it required. Limits that zod adds to every
 * integer are left out too.
 */
const SCHEMAS = {
  override: ({ zodSchema, jsonSchema }) => {
    const { def } = zodSchema._zod
    if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties
    delete jsonSchema.default
    if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
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
        { name: 'Sweeps', description: 'Test many mail servers with one request, and see what has changed.' },
        { name: 'Scope', description: 'What a key may test.' },
        { name: 'Limits', description: 'How much a key may do.' },
        { name: 'Errors', description: ERRORS },
        { name: 'Webhooks', description: 'What the service sends to you, if your provider has set it up.' },
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
  // Made at the first request, when all routes are there, because anybody may ask for it as often as they like.
  let text: string | null = null
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
    async (_request, reply) => {
      text ??= JSON.stringify(describeApi(app))
      return reply.type('application/json').send(text)
    },
  )
}

/** The catalogue of errors, as a table in Markdown. */
const ERRORS = `Every error is a problem document (RFC 9457). Its \`help\` is the path of a page of this service that explains it. \`type\` is \`urn:relay-tests:problem:\` and the name.

| name | status | what to do | send it again? |
| --- | --- | --- | --- |
${[...PROBLEM_HELP].map(([slug, { status, help, fix, again }]) => `| [\`${slug}\`](${help}) | ${status} | ${fix} | ${again} |`).join('\n')}`

const DESCRIPTION = `Tests from outside whether a mail server relays mail for strangers. The answer has a verdict, the evidence and the session.

The HTTP status is about the request. What the mail server did is always in a 2xx body: if it cannot be reached, the answer is \`201\` with the verdict \`inconclusive\`.

A word list with \`enum\` is closed. Any other word list may get new values: read an unknown one as "other". Answers may get new members: ignore those that you do not know.`

const content = z.record(z.string(), z.looseObject({}))
const operation = z.looseObject({
  operationId: z.string().optional(),
  security: z.array(z.unknown()).optional(),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(
    z.string(),
    z.looseObject({ description: z.string().optional(), content: content.optional(), headers: z.unknown().optional() }),
  ),
})
const apiDocument = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
})
type ApiDocument = z.output<typeof apiDocument>

/** Returns the OpenAPI document of an app that is ready, with response headers and examples. */
export function describeApi(app: FastifyInstance): Record<string, unknown> {
  const { components, ...document } = tidy({ ...app.swagger(), webhooks: WEBHOOKS })
  for (const one of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    for (const [status, answer] of Object.entries(one.responses))
      answer.headers = headersOf(status, one.security === undefined)
    addExamples(one)
  }
  return { ...document, components: { ...components, examples: SHARED_EXAMPLES } }
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
