/** Asks the name servers of the installation, and tells "there is no such record" from "nobody answered". */
import { Resolver } from 'node:dns/promises'
import type { Address } from '../../ip/address.ts'

/** The records that were found, perhaps none; null if no name server answered. */
export type DnsAnswer<T> = readonly T[] | null

/** The questions of the checks. Names and addresses are texts. */
export interface Dns {
  addresses(name: string): Promise<DnsAnswer<string>>
  exchangers(domain: string): Promise<DnsAnswer<{ readonly priority: number; readonly exchange: string }>>
  nameServers(zone: string): Promise<DnsAnswer<string>>
  texts(name: string): Promise<DnsAnswer<string>>
  namesOf(address: Address): Promise<DnsAnswer<string>>
}

/** How long one question waits for its answer, in milliseconds, and how often it is asked. */
const QUESTION_MS = 1_500
const TRIES = 2
const ABSENT: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND'])

/** Returns the name that has the PTR record of an address. */
function reversed({ family, text, value }: Address): string {
  if (family === 4) return `${text.split('.').reverse().join('.')}.in-addr.arpa`
  return `${[...value.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa`
}

/** Makes a Dns that asks these name servers; those of the machine if the list is empty. Its methods never reject. */
export function dnsOf(servers: readonly string[]): Dns {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: TRIES })
  if (servers.length > 0) resolver.setServers(servers)
  const ask = async <T>(question: Promise<T[]>): Promise<DnsAnswer<T>> => {
    try {
      return await question
    } catch (error) {
      return error instanceof Error && 'code' in error && ABSENT.has(error.code) ? [] : null
    }
  }
  return {
    async addresses(name) {
      const [four, six] = await Promise.all([ask(resolver.resolve4(name)), ask(resolver.resolve6(name))])
      const found = [...(four ?? []), ...(six ?? [])]
      return found.length === 0 && (four === null || six === null) ? null : found
    },
    exchangers: (domain) => ask(resolver.resolveMx(domain)),
    nameServers: (zone) => ask(resolver.resolveNs(zone)),
    texts: (name) => ask(resolver.resolveTxt(name).then((records) => records.map((parts) => parts.join('')))),
    // Not resolver.reverse(): it reads the hosts file, and says "no name" if the name server fails.
    namesOf: (address) => ask(resolver.resolvePtr(reversed(address))),
  }
}
