import { type Caller, inScope } from '../access/callers.ts'
import type { AccessRequest } from '../access/decide.ts'
import { SANDBOX_ADDRESSES } from '../access/sandbox.ts'
import { problemType } from '../contract/problems.ts'
import { type AddressList, CUSTOMERS_PAGE, type CustomerList } from '../contract/scope.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import type { Found, Host, LookUp } from './names.ts'
import { customersFor, type PermissionParts, permissionsOf } from './permissions.ts'

export interface ScopeParts extends PermissionParts {
  readonly lookUp: LookUp
}

type Place = AddressList['addresses'][number]

/** How many addresses a name may lead to. */
const ADDRESSES = 32

/**
 * What no limited caller may test, and none is shown for a name: our name servers may know the inside of a network by names
 * that the world does not.
 */
const INSIDE = problemType('address-special')

/** What a caller may test, made visible. Nothing here dials. */
export class Scope {
  readonly #parts: ScopeParts

  constructor(parts: ScopeParts) {
    this.#parts = parts
  }

  /** The customers of a caller by id, those after an id. */
  customers(caller: Caller, after: string | null): CustomerList {
    const { all } = customersFor(caller, this.#parts)
    const own = [...all.values()].filter(({ id }) => inScope(caller, id) && (after === null || id > after))
    const sorted = own.sort((a, b) => (a.id < b.id ? -1 : 1))
    const page = sorted.slice(0, CUSTOMERS_PAGE)
    return {
      customers: page.map(({ id, name, networks, domains }) => ({
        id,
        name,
        networks: [...networks],
        domains: [...domains],
      })),
      next: sorted.length > page.length ? (page.at(-1)?.id ?? null) : null,
    }
  }

  /** Where a name leads, and what of it a caller may test. An address leads to itself. */
  async addresses(caller: Caller, asked: Address | string): Promise<AddressList> {
    const permit = permissionsOf(caller, this.#parts)
    const view = (
      address: Address,
      host: string | null,
      preference: number | null,
      mailDomain: string | null,
    ): Place => {
      const wish: AccessRequest = { address, customerId: null, domain: mailDomain, vantage: null }
      const first = permit(wish)
      // A domain that is not the customer's says nothing against its server.
      const decision = !first.ok && first.problem === 'domain-not-listed' ? permit({ ...wish, domain: null }) : first
      const place = { ip: address.text, host, preference }
      if (!decision.ok) {
        const problem = { type: problemType(decision.problem), detail: `${decision.detail}.` }
        return { ...place, testable: false, customerId: null, domain: null, problem }
      }
      const { customer, domain } = decision
      return { ...place, testable: true, customerId: customer.id, domain: domain?.name ?? null, problem: null }
    }
    if (typeof asked !== 'string') {
      const addresses = [view(asked, null, null, null)]
      return { name: asked.text, mx: [], addresses, unanswered: [], truncated: false }
    }
    const found = caller.sandbox ? sandboxName(asked) : await this.#parts.lookUp(asked)
    const mailDomain = found.mx.length > 0 ? asked : null
    const leads = leadsOf(found)
    const addresses = leads
      .slice(0, ADDRESSES)
      .map(({ address, host }) => view(address, host.name, host.preference, mailDomain))
      .filter(({ problem }) => caller.customers === 'all' || problem?.type !== INSIDE)
    const { mx, unanswered, truncated } = found
    return { name: asked, mx, addresses, unanswered, truncated: truncated || leads.length > ADDRESSES }
  }
}

/** The addresses that were found, each with the first host that leads to it; one more than are shown, if there are so many. */
function leadsOf({ hosts }: Found): { address: Address; host: Host }[] {
  const leads = new Map<string, { address: Address; host: Host }>()
  for (const host of hosts) {
    // An answer holds thousands, and reading them all would keep everybody waiting.
    for (const ip of host.ips) {
      if (leads.size > ADDRESSES) return [...leads.values()]
      const address = leads.has(ip) ? null : parseAddress(ip)
      if (address) leads.set(ip, { address, host })
    }
  }
  return [...leads.values()]
}

/** In the sandbox every name leads to all there is. */
const sandboxName = (name: string): Found => ({
  mx: [],
  hosts: [{ name, preference: null, ips: SANDBOX_ADDRESSES }],
  unanswered: [],
  truncated: false,
})
