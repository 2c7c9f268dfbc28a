/**
 * Tells whether a report shows that a server tried to pass our message on to a foreign host. A filter or an inner server
 * behind it is not foreign: what it refuses was not relayed.
 */
import { BlockList, isIP } from 'node:net'

/** The text of a report, in lower case. */
export interface ReportText {
  readonly sentences: readonly string[]
  /** The values of its Remote-MTA fields. */
  readonly remoteMtas: readonly string[]
}

/** The hosts that are not foreign, in lower case. */
export interface OwnHosts {
  /** Names and addresses of the server that reports. */
  readonly reporters: readonly string[]
  /** Names and addresses of the client that the server names: that is us. */
  readonly clients: readonly string[]
  /** The mailbox domain. Its host is a next hop if it is quoted, and the client if it is only mentioned. */
  readonly domain: string
}

/** A host in a report: a name, an address, or both. Both are empty if the report does not say them. */
export interface Host {
  readonly name: string
  readonly address: string
}

/** Whether a report names a foreign host that the server talked to, or looked for. */
export function namesForeignHost({ sentences: told, remoteMtas }: ReportText, own: OwnHosts): boolean {
  // An address of a recipient can have the name or the address of a host in it.
  const sentences = told.map((sentence) => sentence.replace(/\S*@\S*/g, '<>'))
  const quoted = sentences.flatMap((sentence, index) => {
    const deniesUs = DENIES.test(sentence)
    const hosts = hostsQuoted(sentence, sentences[index + 1] ?? '')
    return hosts.filter(({ name }) => !(deniesUs && isOurs(name, own)))
  })
  const fields = remoteMtas.map(hostIn).filter(({ name }) => !isOurs(name, own))
  // A field often has the name alone, while the prose has its address too.
  const inner = new Set(quoted.filter((host) => host.address !== '' && !isForeign(host, own)).map(({ name }) => name))
  return (
    [...fields, ...quoted].some((host) => !inner.has(host.name) && isForeign(host, own)) ||
    sentences.some((sentence) => lookedForHost(sentence, own))
  )
}

const NAME = '[a-z0-9_](?:[a-z0-9_-]|\\.(?=[a-z0-9_])){0,254}'
const ADDRESS = '(?:ipv6:)?[0-9a-f:.]{3,45}'

/** A host with its address, such as `mx.example.com [192.0.2.9]` or `(192.0.2.9)`, and the word that makes it a client. */
const WITH_ADDRESS = new RegExp(
  '(?:\\b(?<client>from|client|your|von|ihr|de|desde|van) (?:[a-z]{1,12} ){0,2})?' +
    `(?:(?<![a-z0-9_.-])(?<name>${NAME})\\.? ?)?[[(](?<address>${ADDRESS})[\\])]`,
  'g',
)
/** A quoted reply, or words about a session: the host before them is one that the server talked to. */
const SESSION =
  /\b[45]\d\d\b|\b(?:said|replied|returned|rejected|refused|error|timed out|timeout|lost|connect(?:ed|ion|ing)?)\b|[\])]:?$/

/** Hosts that the dialects name without an address, or by their address alone. */
const NAMED: readonly RegExp[] = [
  // Sendmail.
  new RegExp(`\\bwhile talking to \\[?(?<host>${ADDRESS}(?=\\])|${NAME})`, 'g'),
  // qmail.
  new RegExp(`\\b(?:connected to|giving up on) (?<host>${ADDRESS}(?= |\\.?$))`, 'g'),
  new RegExp(`(?<![^ ])(?<host>${ADDRESS}) (?:does not like recipient|failed after i sent)`, 'g'),
  // Domino.
  new RegExp(`\\bsmtp host (?<host>${NAME})`, 'g'),
  // Exchange, and other programs.
  new RegExp(`(?<![^ ])(?<host>${NAME}) (?:gave this error|rejected your message|#(?:<|[45]\\d\\d ))`, 'g'),
  new RegExp(`\\b(?:host|server|mta) (?<host>${NAME}) (?:said|replied|responded|returned|rejected|refused)\\b`, 'g'),
]
/** Exchange writes the name of the host on a line of its own, before its reply. */
const ALONE = new RegExp(`^ *(?<host>${NAME}) *$`, 'g')
const EXCHANGE_REPLY = /^ *remote server returned/

/** Returns the hosts that a sentence names as those that the server talked to. */
function hostsQuoted(sentence: string, next: string): Host[] {
  const patterns = EXCHANGE_REPLY.test(next) ? [...NAMED, ALONE] : NAMED
  const named = patterns.flatMap((pattern) => [...sentence.matchAll(pattern)].map(({ groups }) => hostIn(groups?.host)))
  if (!SESSION.test(sentence)) return named
  const pairs = clientsAndHosts(sentence).flatMap(({ isClient, host }) => (isClient ? [] : [host]))
  return [...named, ...pairs]
}

/** Returns the clients that a sentence names, such as `from mail.example.com [192.0.2.7]`. */
export const clientsIn = (sentence: string): Host[] =>
  clientsAndHosts(sentence).flatMap(({ isClient, host }) => (isClient ? [host] : []))

/** Returns the hosts that a sentence names with their addresses. Postfix writes `unknown[192.0.2.7]` of a client. */
const clientsAndHosts = (sentence: string): { readonly isClient: boolean; readonly host: Host }[] =>
  [...sentence.matchAll(WITH_ADDRESS)].flatMap(({ groups }) => {
    const { client, name = '', address = '' }: Partial<Record<string, string>> = groups ?? {}
    const host = { name, address: bare(address) }
    return isIP(host.address) === 0 ? [] : [{ isClient: client !== undefined || name === 'unknown', host }]
  })

/** Words of a server that looked for the host of a foreign domain, or found that it is one itself. */
const LOOKED: readonly RegExp[] = [
  // Postfix.
  /\bname service error|host or domain name not found|\bloops? back to (?:myself|me)\b|unable to find primary relay/,
  /\bdoes not accept mail \(nullmx\)|malformed or unexpected name server reply/,
  // Exim.
  /\brelevant mx records? points? to non-existent|an mx or srv record indicated no smtp service/,
  /\blowest numbered mx record points to local host|host (?:address )?lookups? (?:failed|did not complete)/,
  // Sendmail.
  /\bhost unknown \(name server|\bname server: [^\s]+: (?:host|domain|no )|\bname server timeout/,
  // qmail.
  /\bfind any host (?:named|by that name)|find a mail exchanger or ip address|best-preference mx or a for that host/,
  /\bable to establish an smtp connection/,
  // Domino, GroupWise.
  /\bfailed to connect to smtp host|no route found to (?:smtp )?(?:domain|host)|\bhost (?:unknown|down|not found) \(/,
  // Exchange.
  /\bsmtpsend\.dns\.|infodomainnonexistent|\bdns domain \S+ does not exist|\bmessage=(?:connect|dns)/,
  // James, Haraka, OpenSMTPD, Courier.
  /\bno dns entries for the hostname|tried all mxs|nowhere to deliver mail to|no mx (?:found )?for (?:domain|destination)/,
  /\b(?:network error|connection failed?) (?:on|to) destination mxs?|\bdns (?:lookup )?(?:failure|error): /,
]

/** Whether a server looked for a host. An own host that is missing is no next hop. */
function lookedForHost(sentence: string, own: OwnHosts): boolean {
  if (!LOOKED.some((words) => words.test(sentence))) return false
  const hosts = sentence.replace(/\S+ config error/g, ' ').match(HOST_NAME) ?? []
  return hosts.every((name) => isIP(name) !== 0 || isForeign({ name, address: '' }, own))
}

const HOST_NAME = /\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+\b/g

/** Words of a host that denies relaying. Our own mailbox does not say them, so they are about us as the client. */
const DENIES = /\brelay(?:ing)?\b/

/** Addresses that no foreign host has: private, loopback and link-local ones. */
const INNER = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  INNER.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  INNER.addSubnet(network, bits, 'ipv6')

/** Names that no public host has (RFC 6761, RFC 6762, and common practice). */
const INNER_NAME = /(?:^|\.)(?:local|localhost|localdomain|lan|internal|intranet|intra|corp|home|private|test|invalid)$/

/** Whether a host is public, and neither the reporting server, nor another host of its domain, nor the client. */
function isForeign({ name, address }: Host, own: OwnHosts): boolean {
  const { reporters, clients } = own
  if (address !== '') {
    if (INNER.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return false
    if (reporters.includes(address) || clients.includes(address)) return false
  } else if (!name.includes('.') || clients.includes(name)) return false
  if (isOurs(name, own)) return true
  return !INNER_NAME.test(name) && !reporters.some((reporter) => isAkin(name, reporter))
}

const isOurs = (name: string, { domain }: OwnHosts): boolean => name === domain || name.endsWith(`.${domain}`)

/** Second-level domains under which organisations register their names. */
const REGISTRY = /^(?:ac|co|com|edu|gob|gouv|gov|gv|ne|net|or|org)\.[a-z]{2}$/

/** Whether two host names belong to one domain. */
function isAkin(name: string, other: string): boolean {
  const ours = name.split('.')
  const theirs = other.split('.')
  if (isIP(other) !== 0 || ours.length < 2) return name === other
  const top = ours.slice(-2).join('.')
  const labels = REGISTRY.test(top) ? 3 : 2
  return ours.slice(-labels).join('.') === theirs.slice(-labels).join('.')
}

/** Returns the host in a text such as `mx.example.com`, `[192.0.2.9]` or `mx.example.com (192.0.2.9)`. */
export function hostIn(text = ''): Host {
  const words = text.split(/[\s()[\];,]+/).map(bare)
  return { name: words.find(isName) ?? '', address: words.find((word) => isIP(word) !== 0) ?? '' }
}

const isName = (word: string): boolean => isIP(word) === 0 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(word)

/** Returns a name or address without the signs around it. An IPv4 address in an IPv6 one is read as IPv4. */
const bare = (text: string): string =>
  text
    .replace(/^(?:ipv6:)/, '')
    .replace(/[.:]$/, '')
    .replace(/^::ffff:(?=\d+\.)/, '')
