/** Reads the headers that say how a caller wants the answer to `POST /relay-tests`. */
import type { FastifyRequest } from 'fastify'
import { relayTestHeaders } from '../contract/relay-test.ts'
import { RequestProblem } from '../service/problem.ts'

/** `respond-async` among the preferences of RFC 7240. All others are ignored, as the RFC demands. */
const RESPOND_ASYNC = /(^|,)[ \t]*respond-async[ \t]*(=[ \t]*"")?[ \t]*(;|,|$)/i
const QUOTED = /"(?:[^"\\]|\\.)*"/g

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
  return { idempotencyKey, respondAsync: RESPOND_ASYNC.test(prefer.replace(QUOTED, '""')) }
}
