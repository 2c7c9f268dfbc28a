/**
 * Finds the other addresses of a tested server, such as its IPv6 address: servers are often closed on one and open on
 * the other. Asks name servers only, while the test runs.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Caller, inScope } from '../access/callers.ts'
import type { RelatedAddress, RelayTest } from '../contract/relay-test.ts'
import { parseAddress } from '../ip/address.ts'
import { hostNameIn } from '../relay/host-name.ts'
import type { TranscriptEntry } from '../smtp/transcript.ts'
import type { Results } from '../store/results.ts'
import type { NameAnswers } from './lookup.ts'
import { permissionsOf, type World } from './world.ts'

/** How many other addresses a result shows. */
const SHOWN = 8
/** How many results of an address are read to find the last one of its port. */
const READ = 20
/** How long a look-up may take, in milliseconds. A result waits no longer for it. */
const PATIENCE_MS = 1_500

/** The addresses of one host. */
type Addresses = readonly string[]

/** The parts of the service that the search uses. */
interface RelatedParts {
  readonly world: World
  readonly results: Pick<Results, 'list'>
  readonly caller: Caller
}

/** The search for the other addresses of the server of one test. */
export class Related {
  readonly #test: Pick<RelayTest, 'ip' | 'port'>
  readonly #parts: RelatedParts
  /** The addresses of each mail exchanger of the mail domain, and those of the host of the greeting. */
  readonly #hosts: Promise<readonly Addresses[]>[] = []
  #isGreeted = false

  /** Begins with the mail domain of the test. */
  constructor(test: Pick<RelayTest, 'ip' | 'port' | 'domain'>, parts: RelatedParts) {
    this.#test = test
    this.#parts = parts
    const { domain } = test
    if (domain !== null) this.#add(async ({ lookUp }) => exchangersIn(await lookUp(domain)))
  }

  /** Reads the host name from the greeting, the first line that the server says. */
  hear({ from, line }: Pick<TranscriptEntry, 'from' | 'line'>): void {
    if (this.#isGreeted || from !== 'server') return
    this.#isGreeted = true
    const host = hostNameIn([line.slice('220 '.length)], null)
    if (host !== null) this.#add(async ({ addressesOf }) => [await addressesOf(host)])
  }

  /** Returns the addresses that the caller may test, those of the same host first; none if anything fails. */
  async addresses(stop: AbortSignal): Promise<RelatedAddress[]> {
    if (stop.aborted || this.#hosts.length === 0) return []
    try {
      const hosts = (await Promise.all(this.#hosts)).flat()
      const { world, caller } = this.#parts
      const permit = permissionsOf(caller, world)
      const mayTest = (ip: string) => {
        const address = parseAddress(ip)
        const asked = { customerId: null, domain: null, knownMailbox: null, vantage: null }
        return address !== null && permit({ ...asked, address }).ok
      }
      const others = othersIn(hosts, this.#test.ip).filter(mayTest).slice(0, SHOWN)
      return await Promise.all(others.map((ip) => this.#withLast(ip)))
    } catch {
      return []
    }
  }

  #add(look: (world: World) => Promise<readonly Addresses[]>): void {
    const { world } = this.#parts
    if (!world.looksUpRelated) return
    const late = sleep(PATIENCE_MS, [], { ref: false })
    this.#hosts.push(Promise.race([look(world), late]).catch(() => []))
  }

  async #withLast(ip: string): Promise<RelatedAddress> {
    const { results, caller } = this.#parts
    const { port } = this.#test
    const filter = { ip, mayName: (customerId: string) => inScope(caller, customerId) }
    const { summaries } = await results.list(filter, READ)
    const last = summaries.find((one) => one.port === port && one.verdict !== null)
    return { ip, port, lastVerdict: last?.verdict ?? null, lastAt: last?.finishedAt ?? null }
  }
}

/** Returns the addresses of each mail exchanger; without one, those of the domain itself (RFC 5321 section 5.1). */
const exchangersIn = ({ mx, hosts }: NameAnswers): readonly Addresses[] =>
  hosts.filter(({ preference }) => mx.length === 0 || preference !== null).map(({ ips }) => ips)

/** How many addresses of one answer are read. A name server can send thousands. */
const READ_OF_HOST = 32

/** Returns the other addresses of the hosts, those of a host with the target's address first. */
function othersIn(hosts: readonly Addresses[], target: string): string[] {
  const answers = hosts.map((ips) => ips.slice(0, READ_OF_HOST))
  const twins = answers.filter((ips) => ips.includes(target))
  return [...new Set([...twins, ...answers].flat())].filter((ip) => ip !== target)
}
