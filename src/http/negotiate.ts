import type { FastifyRequest } from 'fastify'
import { Refused } from '../service/problem.ts'

/** The media type of the answer: the offered one that the request accepts best. Throws Refused where it accepts none. */
export function negotiate<const T extends string>(request: FastifyRequest, offered: readonly [T, ...T[]]): T {
  const accepted = request.accepts().type([...offered])
  const found = offered.find((type) => type === accepted)
  if (found === undefined) throw new Refused('not-acceptable', `The answer can be had as ${offered.join(' or ')}.`)
  return found
}
