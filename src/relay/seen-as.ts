/**
 * Reads which address a mail server sees us at, from the Received field of a message that it passed on, or from its
 * reply to EHLO. Another address than ours shows that the server cannot see who connects (docs/verdict.md, Seen as).
 */
import { parseAddress } from '../ip/address.ts'
import type { Observations } from './observations.ts'

/** The client of a connection, as one text names it: the name in EHLO, and the addresses in the order of the text. */
interface Client {
  readonly helo: string | null
  readonly addresses: readonly string[]
}

/** The beginning and the end of the part of a Received field that is about the client (RFC 5321 section 4.4). */
const FROM = /^from\s/i
const END_OF_FROM = /\sby\s|;/i

/**
 * A HELO name with a label: Exim, `helo=NAME`; qmail and CommuniGate, `(HELO NAME)`; James, `(EHLO NAME)`. Exim's name
 * may be in brackets.
 */
const LABELLED = /\b(?:helo|ehlo)[=:\s]\s*(\[[^\]\s]+\]|[^\s)]+)/i

/**
 * Returns the client that a Received field names. Without a label, the first word is the name in EHLO, which the client
 * chose itself: it is no proof, even if it is an address.
 */
export function clientIn(received: string): Client | null {
  const field = received.trim()
  if (!FROM.test(field)) return null
  const [clause = ''] = field.replace(FROM, '').trim().split(END_OF_FROM, 1)
  const [labelled, name] = LABELLED.exec(clause) ?? []
  if (labelled !== undefined) return { helo: name ?? null, addresses: addressesIn(clause.replace(labelled, ' ')) }
  const [helo = '', ...rest] = clause.split(/\s+/)
  return { helo, addresses: addressesIn(rest.join(' ')) }
}

/**
 * Returns the addresses in brackets of the first line of an EHLO reply, such as `mail.example.com Hello NAME
 * [192.0.2.7]`. The first word is the server's own name, and our own name may be repeated once.
 *
 * @param ehlo our name in EHLO
 */
export function addressesInHello(line: string, ehlo: string | null): string[] {
  const afterName = line.trim().replace(/^\S+/, '')
  const others = ehlo === null ? afterName : afterName.replace(ehlo, ' ')
  return [...others.matchAll(/\[([^[\]\s]+)\]/g)].flatMap(([, inside = '']) => addressesIn(inside))
}

/** Returns the words of a text that are addresses, in canonical form. Courier writes IPv4 as `::ffff:192.0.2.7`. */
function addressesIn(text: string): string[] {
  const words = text
    .split(/[\s()[\],;=@<>]+/)
    .map((word) => word.replace(/^ipv6:/i, '').replace(/^::ffff:(?=\d+\.)/i, ''))
  return words.flatMap((word) => parseAddress(word)?.text ?? [])
}

/** Returns the address that the server writes down for us; null if it writes none. */
export function seenAs({ rows, vantage, helloLine, ehlo }: SeenIn): string | null {
  const written = rows.flatMap(({ attempt: { seen, node } }) => {
    const client = seen?.kind === 'message' && seen.received ? clientIn(seen.received) : null
    return client && !isOfServer(client, node) ? client.addresses : []
  })
  const addresses = written.length > 0 ? written : addressesInHello(helloLine ?? '', ehlo)
  return addresses.find((address) => vantage.includes(address)) ?? addresses[0] ?? null
}

type SeenIn = Pick<Observations, 'rows' | 'vantage' | 'helloLine' | 'ehlo'>

/** Whether the client in a Received field is the server itself: its filter or the next server wrote that field. */
const isOfServer = ({ helo }: Client, node: string | null): boolean =>
  helo !== null && (/^localhost\b/i.test(helo) || helo.toLowerCase() === node)

/** Whether the server writes down another address than ours. False if we do not know our own address. */
export function isSourceLost(observations: SeenIn): boolean {
  const seen = seenAs(observations)
  return seen !== null && observations.vantage.length > 0 && !observations.vantage.includes(seen)
}
