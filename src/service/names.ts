import { Resolver } from 'node:dns/promises'
import { DOMAIN_NAME } from '../contract/domain.ts'
import type { AddressList } from '../contract/scope.ts'

/** What the name servers said of a name. `hosts` are where mail for it goes, the preferred first, then the name itself. */
export interface Found extends Pick<AddressList, 'mx' | 'unanswered' | 'truncated'> {
  readonly hosts: readonly Host[]
}
export interface Host {
  readonly name: string
  /** Of its MX record; null for the name itself. */
  readonly preference: number | null
  readonly ips: readonly string[]
}

export type LookUp = (name: string) => Promise<Found>

/** The whole look-up; each question is put at most twice. */
const DEADLINE_MS = 5_000
const QUESTION_MS = 1_500
const HOSTS = 10

/** What says that there is no such record, which is an answer. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * A look-up of mail exchangers and addresses that ends within five seconds. Asks name servers alone: neither the hosts
 * file, nor anything that the answers name.
 *
 * @param servers addresses, or none for those that the machine uses
 */
export function makeLookUp(servers: readonly string[]): LookUp {
  return async (name) => {
    const resolver = new Resolver({ timeout: QUESTION_MS, tries: 2 })
    if (servers.length > 0) resolver.setServers(servers)
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
    const hostOf = async (host: string, preference: number | null): Promise<Host> => {
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
        // What a name server says is shown and asked about only where it is a name.
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
