/** Reads what a caller sent by a schema, and names every fault: for bodies and queries. */
import type { z } from 'zod'
import type { FieldError } from '../contract/problems.ts'
import type { Address } from '../ip/address.ts'
import { pointerTo } from './pointer.ts'
import { RequestProblem } from './problem.ts'

/** How many faults the text of a problem names. */
const NAMED = 4

/** Returns the problem of a request with faults. Its text names the first ones, `errors` has all. */
export function invalid(errors: readonly FieldError[]): RequestProblem {
  const named = errors
    .slice(0, NAMED)
    .map(({ pointer, detail }) => (pointer === '' ? detail : `${pointer.slice(1)}: ${detail}`))
  const more = errors.length > NAMED ? [`${errors.length - NAMED} more in "errors"`] : []
  return new RequestProblem('invalid-request', [...named, ...more].join('; '), { errors })
}

/** Says which ports may be tested. */
export const portAdvice = (ports: readonly number[]): string => `must be one of the ports ${ports.join(', ')}`

export const NOT_MAPPED = 'must be the IPv4 address itself, not mapped into IPv6'

/** How many faults of a request its answer lists. */
export const FAULTS = 100

/**
 * Returns the faults that a schema found: the first of each member, because the others usually follow from it, and at
 * most FAULTS.
 */
export function faultsIn({ issues }: z.ZodError): FieldError[] {
  const first = new Map<string, FieldError>()
  for (const issue of issues) {
    for (const error of fieldErrorsOf(issue)) {
      if (first.size === FAULTS) break
      if (!first.has(error.pointer)) first.set(error.pointer, error)
    }
  }
  return [...first.values()]
}

function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, FAULTS) : []
  const paths = keys.length > 0 ? keys.map((key) => [...issue.path, key]) : [issue.path]
  return paths.map((path) => ({ pointer: pointerTo(path), detail: issue.message }))
}

/** Whether a value is an object with members. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2): a second spelling of an IPv4 address. */
export const isMapped = ({ family, value }: Address): boolean => family === 6 && value >> 32n === 0xffffn
