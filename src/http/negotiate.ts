import type { FastifyRequest } from 'fastify'
import { Refused } from '../service/problem.ts'

/** The media type of the answer: the offered one that the request accepts best. Throws Refused where it accepts none. */
export function negotiate<const T extends string>(request: FastifyRequest, offered: readonly [T, ...T[]]): T {
  // All of it is UTF-8, and who says so is right.
  const accepted = request.accepts().type(offered.flatMap((type) => [type, `${type};charset=utf-8`]))
  const found = offered.find((type) => typeof accepted === 'string' && accepted.startsWith(type))
  if (found === undefined) throw new Refused('not-acceptable', `The answer can be had as ${offered.join(' or ')}.`)
  return found
}
