/** Reads the headers that say how a caller wants the answer to `POST /relay-tests`. */
import type { FastifyRequest } from 'fastify'
import { relayTestHeaders } from '../contract/relay-test.ts'
import { RequestProblem } from '../service/problem.ts'

/** Returns the idempotency key and the preference. Throws RequestProblem if the key is not valid, or there are two. */
export function readPreferences({ headers, raw }: FastifyRequest): {
  readonly idempotencyKey: string | null
  readonly respondAsync: boolean
} {
  const { success, data } = relayTestHeaders.safeParse(headers)
  if (!success || (raw.headersDistinct['idempotency-key'] ?? []).length > 1) {
    const detail = 'Send Idempotency-Key once, with 1 to 255 printable ASCII characters.'
    throw new RequestProblem('invalid-request', detail, { errors: [] })
  }
  const { 'idempotency-key': idempotencyKey = null, prefer = '' } = data
  return { idempotencyKey, respondAsync: preferencesIn(prefer).includes('respond-async') }
}

/**
 * Returns the preferences in a Prefer header that have no value, in lower case and without parameters (RFC 7240 section
 * 2). Takes linear time, since any caller may send the header.
 */
function preferencesIn(prefer: string): string[] {
  return unquoted(prefer)
    .split(',')
    .map((preference) => preference.split(';')[0]?.split('=') ?? [])
    .filter(([, value = '']) => value.trim() === '')
    .map(([name = '']) => name.trim().toLowerCase())
}

/** Returns a header without its quoted strings (RFC 9110 section 5.6.4). */
function unquoted(header: string): string {
  let outside = ''
  let isQuoted = false
  for (let at = 0; at < header.length; at += 1) {
    const char = header[at]
    if (isQuoted && char === '\\') at += 1
    else if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted) outside += char
  }
  return outside
}
