/** Shows callers what they may test: customers, and the addresses behind a name. Nothing here dials. */
import { type Caller, inScope } from '../access/callers.ts'
import type { AccessRequest } from '../access/decide.ts'
import { helpPath, problemType } from '../contract/problems.ts'
import { type AddressList, CUSTOMERS_PAGE, type CustomerList } from '../contract/scope.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import type { NameAnswers, NamedHost } from './lookup.ts'
import { permissionsOf, type WorldOf } from './world.ts'

type AddressRow = AddressList['addresses'][number]
type RowFor = (address: Address, host: NamedHost | null, mailDomain: string | null) => AddressRow

/** How many addresses of a name are shown. */
const ADDRESSES = 32

/**
 * The problem of special addresses. A caller with a limited scope is not shown these for a name, because our name
 * servers may know internal names that the rest of the world does not.
 */
const SPECIAL = problemType('address-special')

export class Directory {
  readonly #worldOf: WorldOf

  constructor(worldOf: WorldOf) {
    this.#worldOf = worldOf
  }

  /** Returns a page of the customers of a caller, sorted by id; only those after an id, if one is given. */
  customers(caller: Caller, after: string | null): CustomerList {
    const { all } = this.#worldOf(caller).customers()
    const own = [...all.values()].filter(({ id }) => inScope(caller, id) && (after === null || id > after))
    const sorted = own.sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = sorted.slice(0, CUSTOMERS_PAGE)
    return {
      customers: page.map(({ id, name, networks, domains, mailboxes }) => ({
        id,
        name,
        networks: [...networks],
        domains: [...domains],
        mailboxes: [...mailboxes],
      })),
      next: sorted.length > page.length ? (page.at(-1)?.id ?? null) : null,
    }
  }

  /** Returns the addresses of a name, and whether the caller may test each. For an address, returns that address. */
  async addresses(caller: Caller, asked: Address | string): Promise<AddressList> {
    const world = this.#worldOf(caller)
    const rowFor = this.#rowsFor(caller)
    if (typeof asked !== 'string') {
      const addresses = [rowFor(asked, null, null)]
      return { name: asked.text, mx: [], addresses, unanswered: [], truncated: false }
    }
    const found = await world.lookUp(asked)
    const mailDomain = found.mx.length > 0 ? asked : null
    const leads = leadsOf(found)
    const addresses = leads
      .slice(0, ADDRESSES)
      .map(({ address, host }) => rowFor(address, host, mailDomain))
      .filter(({ problem }) => caller.customers === 'all' || problem?.type !== SPECIAL)
    const truncated = found.truncated || leads.length > ADDRESSES
    if (caller.customers === 'all') {
      return { name: asked, mx: found.mx, addresses, unanswered: found.unanswered, truncated }
    }
    // A host name whose addresses are all internal would show how our own network is built.
    const silent = found.unanswered.map(({ name }) => name)
    const mayLeadInside = (host: NamedHost) =>
      host.ips.length === 0 ? silent.includes(host.name) : leadsInside(host, mailDomain, rowFor)
    const inside = new Set(found.hosts.filter(mayLeadInside).map(({ name }) => name))
    const isShown = (host: string) => host === asked || !inside.has(host)
    return {
      name: asked,
      mx: found.mx.filter(({ host }) => isShown(host)),
      addresses,
      unanswered: found.unanswered.filter(({ name }) => isShown(name)),
      truncated,
    }
  }

  /** Returns a function that makes the row of an address, with whether this caller may test it. */
  #rowsFor(caller: Caller): RowFor {
    const permit = permissionsOf(caller, this.#worldOf(caller))
    return (address, host, mailDomain) => {
      const asked: AccessRequest = { address, customerId: null, domain: mailDomain, knownMailbox: null, vantage: null }
      const first = permit(asked)
      // If the customer owns the server but not the domain, the server is tested without the domain.
      const decision = !first.ok && first.problem === 'domain-not-listed' ? permit({ ...asked, domain: null }) : first
      const lead = { ip: address.text, host: host?.name ?? null, preference: host?.preference ?? null }
      if (!decision.ok) {
        const { problem: slug, detail } = decision
        const problem = { type: problemType(slug), detail: `${detail}.`, help: helpPath(slug) }
        return { ...lead, testable: false, customerId: null, domain: null, problem }
      }
      const { customer, domain } = decision
      return { ...lead, testable: true, customerId: customer.id, domain: domain?.name ?? null, problem: null }
    }
  }
}

/** Whether all addresses of a host are special. */
const leadsInside = (host: NamedHost, mailDomain: string | null, rowFor: RowFor): boolean =>
  host.ips.slice(0, ADDRESSES).every((ip) => {
    const address = parseAddress(ip)
    return address === null || rowFor(address, host, mailDomain).problem?.type === SPECIAL
  })

/** Returns the addresses that were found, each with its first host. Stops at one more than the API shows. */
function leadsOf({ hosts }: NameAnswers): { address: Address; host: NamedHost }[] {
  const leads = new Map<string, { address: Address; host: NamedHost }>()
  for (const host of hosts) {
    // An answer may hold thousands of addresses. Reading them all would hold up other requests.
    for (const ip of host.ips) {
      if (leads.size > ADDRESSES) return [...leads.values()]
      const address = leads.has(ip) ? null : parseAddress(ip)
      if (address) leads.set(ip, { address, host })
    }
  }
  return [...leads.values()]
}
