/** Reads the bodies and queries of requests by the schemas of the contract, and names every mistake. */
import type { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { identifier } from '../contract/ids.ts'
import type { FieldError } from '../contract/problems.ts'
import { type RelayTestRequest, relayTestRequest } from '../contract/relay-test.ts'
import type { Proof } from '../contract/words.ts'
import { type Address, explainAddress, parseAddress } from '../ip/address.ts'
import { pointerTo } from './pointer.ts'
import { RequestProblem } from './problem.ts'

/** A request with its address parsed and its proof chosen. */
export type TestRequest = Omit<RelayTestRequest, 'ip' | 'proof'> & { readonly address: Address; readonly proof: Proof }

/** The choices of an installation that a request is read by. */
export interface RequestRules {
  readonly allowedPorts: readonly number[]
  readonly defaultProof: Proof
}

/** IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2): a second spelling of an IPv4 address. */
const isMapped = ({ family, value }: Address): boolean => family === 6 && value >> 32n === 0xffffn

/** Reads the body of `POST /relay-tests`. Throws RequestProblem that lists every wrong member. */
export function readRequest(body: unknown, { allowedPorts, defaultProof }: RequestRules): TestRequest {
  const parsed = relayTestRequest.safeParse(body)
  const errors = parsed.success ? [] : firstOfEach(parsed.error.issues.flatMap(fieldErrorsOf))
  const ip = isRecord(body) && typeof body.ip === 'string' ? body.ip : null
  const address = ip === null ? null : parseAddress(ip)
  if (ip !== null && !address) errors.push({ pointer: '/ip', detail: explainAddress(ip) })
  if (address && isMapped(address)) {
    errors.push({ pointer: '/ip', detail: NOT_MAPPED })
  }
  const port = parsed.success ? parsed.data.port : isRecord(body) ? body.port : undefined
  if (typeof port === 'number' && !allowedPorts.includes(port) && !errors.some(({ pointer }) => pointer === '/port')) {
    errors.push({ pointer: '/port', detail: `must be one of the ports ${allowedPorts.join(', ')}` })
  }
  if (!parsed.success || !address || errors.length > 0) {
    const [first] = errors
    const where = first?.pointer ? `${first.pointer.slice(1)}: ` : ''
    throw new RequestProblem('invalid-request', `${where}${first?.detail ?? 'not valid'}`, { errors })
  }
  const { ip: _text, proof = defaultProof, ...rest } = parsed.data
  return { proof, address, ...rest }
}

/** Reads the query of `GET /relay-tests`: either `ip` or `reference`. Throws RequestProblem for anything else. */
export function readFilter(query: unknown): { by: 'ip' | 'reference'; value: string } {
  const [first, ...more] = Object.entries(isRecord(query) ? query : {})
  const [by, value] = first ?? []
  if (more.length > 0 || (by !== 'ip' && by !== 'reference') || typeof value !== 'string') {
    throw new RequestProblem('invalid-request', 'Give either ip or reference, once, and nothing else.', { errors: [] })
  }
  if (by === 'reference') return { by, value }
  const address = parseAddress(value)
  if (!address) throw new RequestProblem('invalid-request', `ip: ${explainAddress(value)}`, { errors: [] })
  return { by, value: address.text }
}

/** Reads the query of `GET /customers`: `after`, or nothing. Throws RequestProblem for anything else. */
export function readAfter(query: unknown): string | null {
  const [first, ...more] = Object.entries(isRecord(query) ? query : {})
  if (first === undefined) return null
  const [name, value] = first
  const parsed = identifier.safeParse(value)
  if (name !== 'after' || more.length > 0 || !parsed.success) {
    throw new RequestProblem('invalid-request', 'Give only after, once: the id of a customer.', { errors: [] })
  }
  return parsed.data
}

/**
 * Reads the query of `GET /addresses`. Returns an address, or a name in lower case without a dot at its end. Throws
 * RequestProblem if it is neither.
 */
export function readName(query: unknown): Address | string {
  const [first, ...more] = Object.entries(isRecord(query) ? query : {})
  const [member, text] = first ?? []
  if (more.length > 0 || member !== 'name' || typeof text !== 'string') {
    throw new RequestProblem('invalid-request', 'Give name, once, and nothing else.', { errors: [] })
  }
  const address = parseAddress(text)
  if (address && isMapped(address)) throw new RequestProblem('invalid-request', `name: ${NOT_MAPPED}`, { errors: [] })
  if (address) return address
  // A dot at the end marks a full name; dig prints it.
  const name = text.replace(/\.$/, '').toLowerCase()
  if (DOMAIN_NAME.test(name)) return name
  throw new RequestProblem('invalid-request', `name: ${explainName(text)}`, { errors: [] })
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

const NOT_MAPPED = 'must be the IPv4 address itself, not mapped into IPv6'

/** Keeps the first fault of each member, because the others usually follow from it. */
const firstOfEach = (errors: readonly FieldError[]): FieldError[] =>
  errors.filter(({ pointer }, index) => errors.findIndex((other) => other.pointer === pointer) === index)

function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys : []
  const paths = keys.length > 0 ? keys.map((key) => [...issue.path, key]) : [issue.path]
  return paths.map((path) => ({ pointer: pointerTo(path), detail: issue.message }))
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
