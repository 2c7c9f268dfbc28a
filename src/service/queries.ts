/** Reads the queries of requests, and names every mistake. */
import type { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { identifier } from '../contract/ids.ts'
import { limitsQuery } from '../contract/limits.ts'
import { listQuery } from '../contract/list-query.ts'
import type { FieldError } from '../contract/problems.ts'
import { type Address, explainAddress, parseAddress } from '../ip/address.ts'
import type { Filter, ListPosition } from '../store/results.ts'
import { faultsIn, invalid, isMapped, isRecord, NOT_MAPPED, portAdvice } from './faults.ts'
import { pointerTo } from './pointer.ts'

const UNKNOWN = 'unknown parameter: remove it'

/** The query of a list, read. Times are in milliseconds since 1970. */
export interface ListQuery extends Omit<Filter, 'mayName'> {
  readonly customerId?: string | undefined
  readonly limit?: number | undefined
  readonly after?: ListPosition | null | undefined
}

/** Reads the query of `GET /relay-tests`. Throws RequestProblem that lists every wrong member. */
export function readListQuery(query: unknown): ListQuery {
  const { ip, since, limit, cursor, ...rest } = readQuery(listQuery, query)
  return {
    ...rest,
    ip: ip?.text,
    since: since === undefined ? undefined : Date.parse(since),
    limit: limit === undefined ? undefined : Number(limit),
    after: cursor === undefined ? null : placeIn(cursor),
  }
}

/** Returns a place in a list as text for callers. */
export const cursorOf = ({ createdAt, id }: ListPosition): string => `${createdAt}.${id}`

function placeIn(cursor: string): ListPosition {
  const [createdAt, id = ''] = cursor.split('.')
  return { createdAt: Number(createdAt), id }
}

/** How messages of zod are replaced that are not for callers. */
const ADVICE = { error: ({ code }: { readonly code?: string }) => (code === 'unrecognized_keys' ? UNKNOWN : undefined) }

/** Reads a query by its schema. Throws RequestProblem that lists every wrong member. */
export function readBySchema<T>(schema: z.ZodType<T>, query: unknown): T {
  const parsed = schema.safeParse(query, ADVICE)
  if (!parsed.success) throw invalid(faultsIn(parsed.error))
  return parsed.data
}

/** Reads a query by its schema, and parses its address. Throws RequestProblem that lists every wrong member. */
function readQuery<T extends { ip?: string | undefined }>(
  schema: z.ZodType<T>,
  query: unknown,
): Omit<T, 'ip'> & { readonly ip?: Address | undefined } {
  const parsed = schema.safeParse(query, ADVICE)
  const errors = parsed.success ? [] : faultsIn(parsed.error)
  const text = isRecord(query) && typeof query.ip === 'string' ? query.ip : null
  const ip = text === null ? null : parseAddress(text)
  if (text !== null && !ip) errors.push({ pointer: '/ip', detail: explainAddress(text) })
  if (!parsed.success || errors.length > 0) throw invalid(errors)
  return { ...parsed.data, ip: ip ?? undefined }
}

/** The target in the query of `GET /limits`. */
export interface LimitsQuery {
  readonly address: Address
  readonly port: number
  readonly customerId: string | null
}

/** Reads the query of `GET /limits`: null if it has no `ip`. Throws RequestProblem that lists every wrong member. */
export function readLimitsQuery(query: unknown, allowedPorts: readonly number[]): LimitsQuery | null {
  const { ip, port: text = '25', customerId = null } = readQuery(limitsQuery, query)
  const [first] = Object.keys(isRecord(query) ? query : {})
  if (!first) return null
  if (!ip) throw invalid([{ pointer: `/${first}`, detail: 'needs ip beside it' }])
  const port = Number(text)
  if (!allowedPorts.includes(port)) throw invalid([{ pointer: '/port', detail: portAdvice(allowedPorts) }])
  return { address: ip, port, customerId }
}

/**
 * Reads the query of `GET /relay-tests/{id}`: `until=answer`, or nothing. Returns whether an event stream waits for the
 * follow-ups. Throws RequestProblem for anything else.
 */
export function readUntil(query: unknown): boolean {
  const until = parametersOf(query, ['until']).get('until')
  if (until !== undefined && until !== 'answer') throw invalid([{ pointer: '/until', detail: 'must be "answer"' }])
  return until === 'answer'
}

/** Reads the query of `GET /customers`: `after`, or nothing. Throws RequestProblem for anything else. */
export function readAfter(query: unknown): string | null {
  const after = parametersOf(query, ['after']).get('after')
  if (after === undefined) return null
  const parsed = identifier.safeParse(after)
  if (!parsed.success) throw invalid([{ pointer: '/after', detail: 'must be the id of a customer' }])
  return parsed.data
}

/**
 * Reads the query of `GET /addresses`. Returns an address, or a name in lower case without a dot at its end. Throws
 * RequestProblem if it is neither.
 */
export function readHostQuery(query: unknown): Address | string {
  const text = parametersOf(query, ['name']).get('name')
  const wrong = (detail: string) => invalid([{ pointer: '/name', detail }])
  if (text === undefined) throw wrong('must be given: a host name, a mail domain or an IP address')
  const address = parseAddress(text)
  if (address && isMapped(address)) throw wrong(NOT_MAPPED)
  if (address) return address
  // A dot at the end marks a full name; dig prints it.
  const name = text.replace(/\.$/, '').toLowerCase()
  if (DOMAIN_NAME.test(name)) return name
  throw wrong(explainName(text))
}

/** Returns the parameters of a query by name. Throws RequestProblem that lists those unknown or given twice. */
function parametersOf(query: unknown, names: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const errors: FieldError[] = []
  for (const [name, value] of Object.entries(isRecord(query) ? query : {})) {
    const detail = names.includes(name) ? 'must be given only once' : UNKNOWN
    if (names.includes(name) && typeof value === 'string') values.set(name, value)
    else errors.push({ pointer: pointerTo([name]), detail })
  }
  if (errors.length > 0) throw invalid(errors)
  return values
}

/** Mistakes in a name. The first pattern that matches says which one it is. */
const NAME_MISTAKES: readonly (readonly [pattern: RegExp, advice: string])[] = [
  [/:\/\//, 'not a URL'],
  [/@/, 'not a mail address: leave out the @ and what stands before it'],
  [/^[^:[\]]+:[0-9]+$/, 'without a port'],
]
const NAME_ADVICE = 'of letters, digits and hyphens, such as "mail.example.com" (write international names as xn--…)'

function explainName(text: string): string {
  const [, mistake] = NAME_MISTAKES.find(([pattern]) => pattern.test(text)) ?? []
  if (!mistake && /[:/]|^[0-9.]+$/.test(text)) return explainAddress(text)
  return `must be an IP address, a host name or a mail domain, ${mistake ?? NAME_ADVICE}`
}
