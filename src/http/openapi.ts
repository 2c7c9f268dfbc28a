import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EXAMPLES } from '../contract/examples.ts'
import { PROBLEMS, type ProblemSlug, problem, problemType } from '../contract/problems.ts'
import { VERSION } from '../version.ts'

type ProblemStatus = (typeof PROBLEMS)[ProblemSlug]['status']

const SLUGS = Object.keys(PROBLEMS).filter((slug): slug is ProblemSlug => slug in PROBLEMS)

/** The responses of a route that are problems, each with the types that come with its status. */
export function problemResponses(...statuses: readonly ProblemStatus[]) {
  const content = { 'application/problem+json': { schema: problem } }
  const describe = (status: ProblemStatus) =>
    SLUGS.filter((slug) => PROBLEMS[slug].status === status)
      .map((slug) => `\`${problemType(slug)}\`: ${PROBLEMS[slug].title}.`)
      .join(' ')
  return Object.fromEntries(statuses.map((status) => [status, { description: describe(status), content }]))
}

/** Collects the routes of the app into an OpenAPI 3.1 document. To be registered before them. */
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
      servers: [{ url: '/', description: 'This installation.' }],
      security: [{ key: [] }],
      tags: [
        { name: 'Relay tests', description: 'Test a mail server, and read results again.' },
        { name: 'Limits', description: 'What a key may do.' },
        { name: 'Health', description: 'For load balancers and orchestrators.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'An API key, `rtk_` and 43 characters.' },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
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
          ...problemResponses(405),
        },
      },
    },
    async () => describeApi(app),
  )
}

const DESCRIPTION = `Tests from outside whether a mail server relays for strangers, and answers with a verdict, its evidence and the session.

The HTTP status speaks of the request. What the mail server did is always in a 2xx body: a server that cannot be reached is \`201\` with the verdict \`inconclusive\`.

\`status\`, \`verdict\`, \`evidence\` and \`outcome\` are closed sets. Every other word list may grow: read an unknown value as "other".`

/** Response headers by status; what is not listed has those of \`default\`. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  default: ['Request-Id'],
  '201': ['Request-Id', 'Location', 'RateLimit', 'RateLimit-Policy'],
  '401': ['Request-Id', 'WWW-Authenticate'],
  '405': ['Request-Id', 'Allow'],
  '409': ['Request-Id', 'Retry-After', 'Location'],
  '429': ['Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
  '503': ['Request-Id', 'Retry-After'],
}

const HEADER_DOCS: Readonly<Record<string, string>> = {
  'Request-Id': 'The id of this request, as in the logs.',
  Location: 'The path of the result.',
  RateLimit: 'What is left of each quota (draft-ietf-httpapi-ratelimit-headers-10).',
  'RateLimit-Policy': 'The quotas that apply (draft-ietf-httpapi-ratelimit-headers-10).',
  'WWW-Authenticate': 'How to authenticate.',
  Allow: 'The methods that this path takes.',
  'Retry-After': 'Seconds after which to try again.',
}

const response = z.looseObject({ content: z.record(z.string(), z.looseObject({})).optional() })
const operation = z.looseObject({ responses: z.record(z.string(), response) })
const apiDocument = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
})
type ApiDocument = z.output<typeof apiDocument>

/** The OpenAPI document of an app that is ready: one schema for each name, headers and examples included. */
export function describeApi(app: FastifyInstance): Record<string, unknown> {
  const document = tidy(app.swagger())
  for (const path of Object.values(document.paths)) {
    for (const { responses } of Object.values(path)) addHeaders(responses)
  }
  const created = document.paths['/relay-tests']?.post?.responses['201']?.content?.['application/json']
  if (created) created.examples = EXAMPLES
  return document
}

/**
 * The type provider writes every named schema twice, as X for what is sent and XInput for what is received. Keeps those
 * that are used, under their own name.
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

function addHeaders(responses: ApiDocument['paths'][string][string]['responses']): void {
  for (const [status, entry] of Object.entries(responses)) {
    const names = HEADERS[status] ?? HEADERS.default ?? []
    entry.headers = Object.fromEntries(
      names.map((name) => [name, { description: HEADER_DOCS[name], schema: { type: 'string' } }]),
    )
  }
}
