/** Looks up where mail for a name goes. Asks name servers only, and connects to nothing else. */
import { Resolver } from 'node:dns/promises'
import { DOMAIN_NAME } from '../contract/domain.ts'
import type { AddressList } from '../contract/scope.ts'

/** The answers about a name. `hosts` are its mail exchangers, the preferred first, then the name itself. */
export interface NameAnswers extends Pick<AddressList, 'mx' | 'unanswered' | 'truncated'> {
  readonly hosts: readonly NamedHost[]
}
export interface NamedHost {
  readonly name: string
  /** The preference of its MX record; null for the name itself. */
  readonly preference: number | null
  readonly ips: readonly string[]
}

/** Looks up where mail for a name goes. */
export type Lookup = (name: string) => Promise<NameAnswers>
/** Looks up the addresses of a host; none if there is no answer. */
export type AddressLookup = (name: string) => Promise<readonly string[]>

/** How long a look-up may take, and how long one question waits for its answer. */
const DEADLINE_MS = 5_000
const QUESTION_MS = 1_500
/** How many times a question is asked before it counts as unanswered. */
const TRIES = 2
/**
 * How many mail exchangers are looked up, the preferred ones. With the name itself this is nine questions: MX, and A
 * and AAAA of four names.
 */
const HOSTS = 3

/** The codes that mean "there is no such record". That is an answer. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * Makes a look-up that ends within five seconds and never rejects. It does not read the hosts file.
 *
 * @param servers addresses of name servers; empty for those that the machine uses
 */
export function makeLookup(servers: readonly string[]): Lookup {
  return async (name) => {
    const resolver = resolverOf(servers)
    const unanswered: AddressList['unanswered'] = []
    let late = false
    const timer = setTimeout(() => {
      late = true
      resolver.cancel()
    }, DEADLINE_MS)
    const ask = async <T>(of: string, type: 'MX' | 'A' | 'AAAA', question: () => Promise<T[]>): Promise<T[]> => {
      try {
        if (!late) return await question()
      } catch (error) {
        if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return []
      }
      unanswered.push({ name: of, type })
      return []
    }
    const hostOf = async (host: string, preference: number | null): Promise<NamedHost> => {
      const both = await Promise.all([
        ask(host, 'A', () => resolver.resolve4(host)),
        ask(host, 'AAAA', () => resolver.resolve6(host)),
      ])
      return { name: host, preference, ips: both.flat() }
    }
    try {
      const [records, self] = await Promise.all([ask(name, 'MX', () => resolver.resolveMx(name)), hostOf(name, null)])
      const mx = records
        .map(({ priority, exchange }) => ({ preference: priority, host: exchange.toLowerCase() || '.' }))
        // A name server can answer anything: only names are shown and looked up.
        .filter(({ host }) => host === '.' || DOMAIN_NAME.test(host))
        .sort((a, b) => a.preference - b.preference)
      const named = mx.filter(({ host }) => host !== '.')
      const exchangers = await Promise.all(
        named.slice(0, HOSTS).map(({ host, preference }) => hostOf(host, preference)),
      )
      const truncated = mx.length < records.length || named.length > HOSTS
      return { mx: mx.slice(0, HOSTS), hosts: [...exchangers, self], unanswered, truncated }
    } finally {
      clearTimeout(timer)
    }
  }
}

/**
 * Makes a look-up of the addresses of a host name. It never rejects, and does not read the hosts file.
 *
 * @param servers addresses of name servers; empty for those that the machine uses
 */
export const makeAddressLookup =
  (servers: readonly string[]): AddressLookup =>
  async (name) => {
    const resolver = resolverOf(servers)
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  }

function resolverOf(servers: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: TRIES })
  if (servers.length > 0) resolver.setServers(servers)
  return resolver
}
