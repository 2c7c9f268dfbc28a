/**
 * Tells which hosts in a report are foreign: public ones that are neither the reporting server's own nor the client.
 */
import { BlockList, isIP } from 'node:net'

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
export interface ReportedHost {
  readonly name: string
  readonly address: string
}

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
export function isForeign({ name, address }: ReportedHost, own: OwnHosts): boolean {
  const { reporters, clients } = own
  if (address !== '') {
    if (INNER.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) return false
    if (reporters.includes(address) || clients.includes(address)) return false
  } else if (!name.includes('.') || clients.includes(name)) return false
  if (isOurs(name, own)) return true
  return !INNER_NAME.test(name) && !reporters.some((reporter) => haveOneDomain(name, reporter))
}

/** Whether a name is the mailbox domain, or a host in it. */
export const isOurs = (name: string, { domain }: OwnHosts): boolean => name === domain || name.endsWith(`.${domain}`)

/** Second-level domains under which organisations register their names. */
const REGISTRY = /^(?:ac|co|com|edu|gob|gouv|gov|gv|ne|net|or|org)\.[a-z]{2}$/

/** Whether two host names belong to one domain. */
function haveOneDomain(name: string, other: string): boolean {
  const ours = name.split('.')
  const theirs = other.split('.')
  if (isIP(other) !== 0 || ours.length < 2) return name === other
  const top = ours.slice(-2).join('.')
  const labels = REGISTRY.test(top) ? 3 : 2
  return ours.slice(-labels).join('.') === theirs.slice(-labels).join('.')
}

/** Returns the host in a text such as `mx.example.com`, `[192.0.2.9]` or `mx.example.com (192.0.2.9)`. */
export function hostIn(text = ''): ReportedHost {
  const words = text.split(/[\s()[\];,]+/).map(bare)
  return { name: words.find(isName) ?? '', address: words.find((word) => isIP(word) !== 0) ?? '' }
}

const isName = (word: string): boolean => isIP(word) === 0 && /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(word)

/** Returns a name or address without the signs around it. An IPv4 address in an IPv6 one is read as IPv4. */
export const bare = (text: string): string =>
  text
    .replace(/^(?:ipv6:)/, '')
    .replace(/[.:]$/, '')
    .replace(/^::ffff:(?=\d+\.)/, '')
