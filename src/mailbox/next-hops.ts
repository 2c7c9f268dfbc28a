/**
 * Tells whether a report shows that a server tried to pass our message on to a foreign host. A filter or an inner
 * server behind it is not foreign: what it refuses was not relayed.
 */
import { isIP } from 'node:net'
import { bare, hostIn, isForeign, isOurs, type OwnHosts, type ReportedHost } from './foreign.ts'

/** The text of a report, in lower case. */
export interface ReportText {
  readonly sentences: readonly string[]
  /** The values of its Remote-MTA fields. */
  readonly remoteMtas: readonly string[]
}

/** Whether a report names a foreign host that the server talked to, or looked for. */
export function namesForeignHost({ sentences: told, remoteMtas }: ReportText, own: OwnHosts): boolean {
  // An address of a recipient can have the name or the address of a host in it.
  const sentences = told.map((sentence) =>
    wordsOf(sentence)
      .map((word) => (word.includes('@') ? '<>' : word))
      .join(' '),
  )
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

/**
 * A host with its address, such as `mx.example.com [192.0.2.9]` or `(192.0.2.9)`, and the word that makes it a client.
 */
const WITH_ADDRESS = new RegExp(
  '(?:(?<!\\b(?:response|reply|answer|error|antwort|r[eé]ponse|respuesta|resposta|risposta) )\\b(?<client>from|client|your|von|ihr|de|desde|van) (?:[a-z]{1,12} ){0,2})?' +
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
function hostsQuoted(sentence: string, next: string): ReportedHost[] {
  const patterns = EXCHANGE_REPLY.test(next) ? [...NAMED, ALONE] : NAMED
  const named = patterns.flatMap((pattern) => [...sentence.matchAll(pattern)].map(({ groups }) => hostIn(groups?.host)))
  if (!SESSION.test(sentence)) return named
  const pairs = clientsAndHosts(sentence).flatMap(({ isClient, host }) => (isClient ? [] : [host]))
  return [...named, ...pairs]
}

/** Returns the clients that a sentence names, such as `from mail.example.com [192.0.2.7]`. */
export const clientsIn = (sentence: string): ReportedHost[] =>
  clientsAndHosts(sentence).flatMap(({ isClient, host }) => (isClient ? [host] : []))

/** Returns the hosts that a sentence names with their addresses. Postfix writes `unknown[192.0.2.7]` of a client. */
const clientsAndHosts = (sentence: string): { readonly isClient: boolean; readonly host: ReportedHost }[] =>
  [...sentence.matchAll(WITH_ADDRESS)].flatMap(({ groups }) => {
    const { client, name = '', address = '' }: Partial<Record<string, string>> = groups ?? {}
    const host = { name, address: bare(address) }
    return isIP(host.address) === 0 ? [] : [{ isClient: client !== undefined || name === 'unknown', host }]
  })

/** Words of a server that looked up the host of another domain, or found that it is that host itself. */
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

/** Whether a server looked for a foreign host. If it looked for a host of its own, that is no next hop. */
function lookedForHost(sentence: string, own: OwnHosts): boolean {
  if (!LOOKED.some((words) => words.test(sentence))) return false
  const words = wordsOf(sentence)
  // "mx.example.com config error" names the host that looked.
  const others = words.filter((_word, index) => words[index + 1] !== 'config' || words[index + 2] !== 'error')
  const hosts = hostNamesIn(others.join(' '))
  return hosts.every((name) => isIP(name) !== 0 || isForeign({ name, address: '' }, own))
}

const wordsOf = (sentence: string): string[] => sentence.split(/\s/)

/** Returns the host names in a sentence: labels with dots between them, of which the last begins with a letter. */
function hostNamesIn(sentence: string): string[] {
  const labelled = sentence.split(/[^a-z0-9.-]/).map((word) => word.split('.').filter((label) => label !== ''))
  return labelled
    .filter((labels) => labels.length > 1 && /^[a-z][a-z0-9-]/.test(labels.at(-1) ?? ''))
    .map((labels) => labels.join('.'))
}

/** Words of a host that denies relaying. Our own mailbox does not say them, so they are about us as the client. */
const DENIES = /\brelay(?:ing)?\b/
