import type { ProblemSlug } from '../contract/problems.ts'
import type { DomainSource } from '../contract/words.ts'
import type { Address } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { type Caller, inScope } from './callers.ts'
import { type Customer, type Customers, isWithin } from './customer.ts'

/** What is asked for: the part of a request that access is decided by. */
export interface Wish {
  readonly address: Address
  readonly customerId: string | null
  readonly domain: string | null
  /** The name of the vantage asked for; null leaves the choice to us. */
  readonly vantage: string | null
}

/** Where the test could come from. */
export interface Origin {
  /** The addresses of this machine's interfaces. */
  readonly own: readonly Address[]
  /** The vantages in the order of preference. */
  readonly vantages: readonly Outlook[]
}

/** What is asked about a vantage. */
export interface Outlook {
  readonly name: string
  /** Every address that a test may be seen to come from. */
  readonly sources: readonly Address[]
  /** The IP versions that a test can be made over. */
  readonly families: ReadonlySet<4 | 6>
}

export type Decision =
  | {
      readonly ok: true
      readonly customer: Customer
      readonly domain: { readonly name: string; readonly source: DomainSource } | null
      /** The names of the vantages that it can be tested from, the preferred first. */
      readonly vantages: readonly string[]
    }
  | { readonly ok: false; readonly problem: ProblemSlug; readonly detail: string; readonly pointer: string }

/**
 * Who may test what: a pure decision. Deny comes before allow, and nothing about other customers is given away to a
 * caller who may not see them. The order is that of docs: special ranges, owner and scope, opt-out, domain, vantage.
 */
export function decide(wish: Wish, caller: Caller, customers: Customers, origin: Origin): Decision {
  const { address } = wish
  const holding = customers.ownerOf(address)
  // Whoever may not test for the owner must not see that a special address is listed.
  const known = holding && inScope(caller, holding.customer.id) ? holding : null
  const loopback = isLoopback(address)
  const special = specialRange(address)
  // A listed loopback network got past the loading rules, which ask for the operator's flag.
  const lifted = special?.liftable ? known?.allowSpecial === true : loopback && holding !== null
  if (special && !lifted) {
    return deny('address-special', `${address.text} lies in ${special.text} (${special.name}), which is not tested`)
  }
  if (!loopback && origin.own.some((own) => isSame(own, address))) {
    return deny('address-special', `${address.text} is an address of this service itself`)
  }
  const owner = ownerFor(wish, caller, customers, holding?.customer ?? null)
  if ('problem' in owner) return owner
  const { customer } = owner
  if (customers.isOptedOut(address)) {
    return deny('opted-out', `${address.text} is never tested: the operator was asked to leave it alone`)
  }
  const domain = domainFor(wish, customer)
  if (domain && 'problem' in domain) return domain
  const vantages = vantagesFor(wish, customer, customers, origin)
  return 'problem' in vantages ? vantages : { ok: true, customer, domain, vantages }
}

type Denial = Extract<Decision, { ok: false }>

const deny = (problem: ProblemSlug, detail: string, pointer = '/ip'): Denial => ({
  ok: false,
  problem,
  detail,
  pointer,
})

const isSame = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value

/** The customer to test for. Callers with a limited scope learn nothing of what lies outside it. */
function ownerFor(
  wish: Wish,
  caller: Caller,
  customers: Customers,
  owner: Customer | null,
): { customer: Customer } | Denial {
  const { address, customerId } = wish
  const asked = customerId ?? owner?.id
  const at = customerId === null ? '/ip' : '/customerId'
  if (owner && owner.id === asked && inScope(caller, asked)) return { customer: owner }
  if (caller.customers !== 'all') {
    const whom = customerId === null ? '' : ', or not for the customer named'
    return deny('not-allowed', `this key may not test ${address.text}${whom}`, at)
  }
  if (customerId !== null && !customers.all.has(customerId))
    return deny('not-allowed', `there is no customer ${customerId}`, at)
  if (!owner) return deny('not-allowed', `${address.text} is on no customer's list`)
  return deny('not-allowed', `${address.text} belongs to customer ${owner.id}, not to ${customerId}`, at)
}

function domainFor({ domain }: Wish, customer: Customer): Extract<Decision, { ok: true }>['domain'] | Denial {
  const [first] = customer.domains
  if (domain === null) return first === undefined ? null : { name: first, source: 'customer' }
  const name = domain.toLowerCase()
  if (customer.domains.some((listed) => isWithin(name, listed))) return { name, source: 'request' }
  const listed =
    customer.domains.length > 0
      ? `customer ${customer.id} has ${customer.domains.join(', ')}`
      : `customer ${customer.id} has none`
  return deny('domain-not-listed', `${name} neither is nor lies under a domain of the customer: ${listed}`, '/domain')
}

/**
 * The vantages that a test can be made from: the one asked for, or any that speaks the address's IP version and lies outside
 * the customer's networks, since from inside every healthy server looks open. Loopback is reached from all.
 */
function vantagesFor(wish: Wish, customer: Customer, customers: Customers, origin: Origin): string[] | Denial {
  const { address, vantage } = wish
  const asked = vantage === null ? origin.vantages : origin.vantages.filter(({ name }) => name === vantage)
  const names = asked.map(({ name }) => name)
  const at = vantage === null ? '/ip' : '/vantage'
  if (asked.length === 0) {
    return deny('vantage-unknown', `there is no vantage ${vantage}: GET /vantages shows those there are`, at)
  }
  if (isLoopback(address)) return names
  const insideOf = ({ sources }: Outlook) => sources.find((source) => customers.isInside(source, customer))
  const outside = asked.filter((one) => !insideOf(one))
  const inside = outside.length === 0 ? asked.map(insideOf)[0] : undefined
  if (inside) {
    const where = `our vantage ${inside.text} lies in a network of customer ${customer.id}`
    return deny('vantage-inside-network', `${where}: a test must come from outside`, at)
  }
  const speaking = outside.filter(({ families }) => families.has(address.family))
  if (speaking.length > 0) return speaking.map(({ name }) => name)
  const who =
    outside.length === 1 ? 'our vantage has' : `our vantages ${outside.map(({ name }) => name).join(', ')} have`
  return deny('vantage-family', `${who} no IPv${address.family} address`, at)
}
