/** Sends requests to the service and checks its answers. Can also send bytes that no HTTP client sends. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { hashKey } from '../../src/access/keys.ts'
import { limits } from '../../src/contract/limits.ts'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import { type Problem, type ProblemSlug, problem, problemType } from '../../src/contract/problems.ts'
import { type RelayTest, relayTest } from '../../src/contract/relay-test.ts'
import type { TestService } from './service.ts'
import { inTime } from './waiting.ts'

/** Returns a key of the right form, made of one letter. */
export const keyOf = (letter: string): string => `rtk_${letter.repeat(43)}`

/** Returns the header that carries a key. */
export const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` })

export interface CallerEntry {
  readonly id: string
  readonly key: string
  /** A YAML flow value: `all`, or `[acme, beta]`. */
  readonly customers: string
  readonly expires?: string
  readonly quota?: string
}

/** Returns the text of a callers file. */
export function callersYaml(entries: readonly CallerEntry[]): string {
  const lines = entries.map(({ id, key, customers, expires, quota }) => {
    const expiry = expires ? `, expires: ${expires}` : ''
    const own = quota ? `, quota: ${quota}` : ''
    return `  - { id: ${id}, keys: [{ sha256: ${hashKey(key)}${expiry} }], customers: ${customers}${own} }\n`
  })
  return `callers:\n${lines.join('')}`
}

/** Returns the relay test in a response, which must have this status. */
export async function resultOf(response: Response, status: 200 | 201 | 202 = 201): Promise<RelayTest> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  return relayTest.parse(JSON.parse(text))
}

/** Returns the problem document in a response, which must be of this kind, with its status and media type. */
export async function problemIn(response: Response, slug: ProblemSlug): Promise<Problem> {
  const body = problem.parse(await response.json())
  assert.equal(body.type, problemType(slug), body.detail)
  assert.equal(response.status, PROBLEMS[slug].status)
  assert.equal(body.status, response.status)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(body.instance, response.headers.get('request-id'))
  return body
}

/** Returns what is left of a quota, from `GET /limits`. */
export async function leftOf(service: TestService, name: string, key: string): Promise<number> {
  const response = await service.fetch('/limits', { headers: bearer(key) })
  const quota = limits.parse(await response.json()).quotas.find((one) => one.name === name)
  assert.ok(typeof quota?.remaining === 'number', `no ${name}`)
  return quota.remaining
}

export interface RawConnection {
  readonly socket: Socket
  /** All bytes that the service sends until it closes the connection. */
  readonly answer: Promise<string>
}

/** Opens a TCP connection to the service and sends `text` as it is, so that a test can break the rules of HTTP. */
export function rawConnection(url: string, text: string): RawConnection {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    received += chunk
  })
  // After its answer, the service may reset the connection instead of reading the rest.
  socket.on('error', () => {})
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  socket.write(text, 'latin1')
  return { socket, answer }
}

/** Sends bytes and reads the answer as a response; the service must close the connection. */
export async function rawRequest(url: string, text: string): Promise<Response> {
  const { answer } = rawConnection(url, text)
  return responseFrom(await inTime('the end of a raw connection', answer))
}

/** Reads a response without a transfer coding. */
export function responseFrom(text: string): Response {
  const end = text.indexOf('\r\n\r\n')
  const [status = '', ...fields] = text.slice(0, Math.max(0, end)).split('\r\n')
  const code = /^HTTP\/1\.1 (\d{3}) /.exec(status)?.[1]
  if (code === undefined) throw new Error(`not an HTTP response: ${JSON.stringify(text)}`)
  const headers = new Headers()
  for (const field of fields) headers.append(field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1))
  return new Response(text.slice(end + 4), { status: Number(code), headers })
}
