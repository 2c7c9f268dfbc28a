/** Generates requests that try to get something onto the SMTP connection. */
import { z } from 'zod'
import { bearer, keyOf } from '../harness/http.ts'
import type { Random } from '../harness/random.ts'
import { KEYS } from '../harness/service.ts'
import { hostile, hostileButPrintable } from './texts.ts'

/** One request as bytes (latin1), and what of it may reach the wire. */
export interface HostileRequest {
  readonly head: string
  readonly body: string
  /** The `domain` member as it was sent. */
  readonly domain: string | null
  /** The `knownMailbox` member as it was sent. */
  readonly knownMailbox: string | null
  readonly proof: string
}

const GOOD = {
  customerId: 'acme',
  vantage: 'default',
  suite: 'standard',
  proof: 'message',
  reference: 'TICKET-1',
  domain: 'example.com',
  knownMailbox: 'jane@example.com',
}
const FIELDS = ['ip', 'customerId', 'domain', 'knownMailbox', 'vantage', 'suite', 'proof', 'reference'] as const
const PROOFS = ['recipient', 'message', 'delivery']
const HEADERS = [
  ...[
    'Accept',
    'Content-Type',
    'User-Agent',
    'X-Forwarded-For',
    'Forwarded',
    'Idempotency-Key',
    'Prefer',
    'Authorization',
  ],
  ...[
    'Host',
    'Request-Id',
    'X-Request-Id',
    'Traceparent',
    'Tracestate',
    'Cookie',
    'Referer',
    'Origin',
    'Via',
    'From',
    'TE',
  ],
  ...[
    'Accept-Language',
    'Accept-Encoding',
    'Cache-Control',
    'If-Match',
    'X-Original-Url',
    'X-HTTP-Method-Override',
    'Max-Forwards',
  ],
] as const

/** Those that mean nothing to the service, or nothing that refuses a request. */
const FREE_HEADERS = HEADERS.filter((name) => !['Accept', 'Content-Type', 'Authorization'].includes(name))
/** Bytes that no HTTP parser lets pass in a field (RFC 9110 section 5.5). */
const NO_FIELD_VALUE = /[\0-\x08\x0a-\x1f\x7f]/g

const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** A domain that the customer has, in any spelling that is allowed. */
function listedDomain(random: Random): string {
  const label = () =>
    random.pick(['mx', 'a-b', 'x1', 'MAIL', 'xn--bcher-kva', '0', 'q'.repeat(63), 'rcpt', 'data', 'quit'])
  const labels = Array.from({ length: random.int(4) }, label)
  return [...labels, random.pick(['example.com', 'EXAMPLE.com', 'example.net'])].join('.')
}

/** A mailbox at a domain that the customer has: a local part that is allowed, however odd. */
function listedMailbox(random: Random): string {
  const odd = [
    'JANE.doe',
    "o'brien",
    'a+b',
    'x=y',
    '{}',
    'data',
    'QUIT',
    'rcpt_to',
    '$&',
    '`id`',
    '#/?^|~*',
    'q'.repeat(64),
  ]
  return `${random.pick(['jane', ...odd])}@${listedDomain(random)}`
}

/** A request for an address with hostile text in fields of the body, in headers, in names of them, or around them. */
export function hostileRequest(ip: string, port: number, random: Random): HostileRequest {
  const members: Record<string, unknown> = { ip, port }
  const headers = new Map<string, string>([
    ['Host', 'relaytest.isp.example'],
    ['Authorization', bearer(KEYS.partner).authorization],
    ['Content-Type', 'application/json'],
    // Each comes from an address of its own, so that those without a key do not shut out one another.
    ['X-Forwarded-For', `198.51.${random.int(256)}.${random.int(256)}`],
  ])
  let path = '/relay-tests'
  if (random.chance(0.5)) members.domain = listedDomain(random)
  if (random.chance(0.3)) members.knownMailbox = listedMailbox(random)
  if (random.chance(0.5)) members.proof = random.pick(PROOFS)
  if (random.chance(0.6)) members.reference = hostileButPrintable(random)
  const spots: readonly (readonly [weight: number, work: () => void])[] = [
    [
      5,
      () => {
        const field = random.pick(FIELDS)
        members[field] = hostile(field === 'ip' ? ip : GOOD[field], random)
      },
    ],
    [1, () => void Object.assign(members, { [hostile('note', random)]: hostile('value', random) })],
    [
      5,
      () => {
        const name = random.pick(HEADERS)
        headers.set(name, encoded(hostile(headers.get(name) ?? 'value', random)))
      },
    ],
    [
      12,
      () => {
        const name = random.pick(FREE_HEADERS)
        headers.set(name, encoded(hostile('value', random)).replaceAll(NO_FIELD_VALUE, ' '))
      },
    ],
    [4, () => void headers.set(`X-${random.int(1000)}`, encoded(hostileButPrintable(random)))],
    [1, () => void headers.set(encoded(hostile('X-Note', random)), 'value')],
    [
      1,
      () => {
        path = encoded(`/relay-tests${hostile('?note=value', random)}`)
      },
    ],
    [1, () => void headers.set('Authorization', `Bearer ${encoded(hostile(keyOf('x'), random))}`)],
  ]
  const deck = spots.flatMap(([weight, work]) => Array<() => void>(weight).fill(work))
  for (let turns = random.chance(0.3) ? 2 : 1; turns > 0; turns -= 1) random.pick(deck)()
  let body = encoded(JSON.stringify(members))
  if (random.chance(0.03)) body = encoded(hostile(JSON.stringify(members), random))
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return {
    head: `POST ${path} HTTP/1.1\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${lines}\r\n`,
    body,
    ...requestIn(body),
  }
}

const text = z.string().nullable().catch(null)
const requestBody = z.object({ domain: text, knownMailbox: text, proof: z.string().catch('delivery') })

/** The request in a body, before any text was injected. */
function requestIn(body: string): z.output<typeof requestBody> {
  try {
    return requestBody.parse(JSON.parse(Buffer.from(body, 'latin1').toString('utf8')))
  } catch {
    return { domain: null, knownMailbox: null, proof: 'delivery' }
  }
}
