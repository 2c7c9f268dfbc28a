/** Content negotiation (RFC 9110 section 12.5.1): chooses the media type of an answer. */
import type { FastifyRequest } from 'fastify'
import { RequestProblem } from '../service/problem.ts'

/** Returns the offered media type that a request accepts best. Throws RequestProblem if it accepts none of them. */
export function negotiate<const T extends string>(request: FastifyRequest, offered: readonly [T, ...T[]]): T {
  // Every response is UTF-8, so "charset=utf-8" in Accept matches too.
  const accepted = request.accepts().type(offered.flatMap((type) => [type, `${type};charset=utf-8`]))
  const found = offered.find((type) => typeof accepted === 'string' && accepted.startsWith(type))
  if (found === undefined) {
    throw new RequestProblem('not-acceptable', `This endpoint returns ${offered.join(' or ')}.`)
  }
  return found
}
