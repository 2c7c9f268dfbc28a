/** Decides whether a caller may run a test: a pure function of the request, the customers and our vantages. */
import type { ProblemSlug } from '../contract/problems.ts'
import type { Address } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { translatedFrom } from '../ip/translated.ts'
import { type Caller, inScope } from './callers.ts'
import type { Customer, Customers } from './customer.ts'
import { foreignName, namesFor, type OwnNames, type RequestedNames } from './names.ts'

/** The part of a test request that the decision depends on. */
export interface AccessRequest extends RequestedNames {
  readonly address: Address
  readonly customerId: string | null
  /** The name of the requested vantage; null if any will do. */
  readonly vantage: string | null
}

/** The places that tests can come from. */
export interface Origin {
  /** Our own addresses, which are never tested. */
  readonly own: readonly Address[]
  /** The IPv6 networks whose addresses our network translates to IPv4 ones. */
  readonly translations: readonly Prefix[]
  /** The vantages in order of preference. */
  readonly vantages: readonly VantageReach[]
}

/** The part of a vantage that the decision depends on. */
export interface VantageReach {
  readonly name: string
  /** Every address that a server can see us at. */
  readonly sources: readonly Address[]
  /** The IP versions that a test can use. */
  readonly families: ReadonlySet<4 | 6>
}

export type Decision = Permit | Denial

export interface Permit extends OwnNames {
  readonly ok: true
  readonly customer: Customer
  /** The names of the vantages that can test the address, in order of preference. */
  readonly vantages: readonly string[]
}

interface Denial {
  readonly ok: false
  readonly problem: ProblemSlug
  readonly detail: string
  readonly pointer: string
}

/**
 * Checks in this order, as the docs say: special ranges, owner and scope, opt-out, domain, known mailbox, vantage. The
 * first denial counts. A caller with a limited scope learns nothing about other customers.
 */
export function decide(request: AccessRequest, caller: Caller, customers: Customers, origin: Origin): Decision {
  const { address } = request
  const owner = customers.ownerOf(address)
  const special = specialDenial(address, owner, caller, origin) ?? translatedDenial(address, origin)
  if (special) return special
  const chosen = customerFor(request, caller, customers, owner?.customer ?? null)
  if ('problem' in chosen) return chosen
  const { customer } = chosen
  if ([address, ...translatedFrom(address, origin.translations)].some((one) => customers.isOptedOut(one))) {
    return deny('opted-out', `${address.text} is never tested: its operator asked us not to`)
  }
  const foreign = foreignName(request, customer)
  if (foreign) return deny('domain-not-listed', foreign.detail, foreign.pointer)
  const vantages = vantagesFor(request, customer, customers, origin)
  return 'problem' in vantages ? vantages : { ok: true, customer, ...namesFor(request, customer), vantages }
}

const deny = (problem: ProblemSlug, detail: string, pointer = '/ip'): Denial => ({
  ok: false,
  problem,
  detail,
  pointer,
})

const isSame = (a: Address, b: Address): boolean => a.family === b.family && a.value === b.value

/** Denies special-purpose addresses that no entry allows, and our own addresses. */
function specialDenial(
  address: Address,
  owner: ReturnType<Customers['ownerOf']>,
  caller: Caller,
  origin: Origin,
): Denial | null {
  const loopback = isLoopback(address)
  const special = specialRange(address)
  // A caller that may not test for the owner must not learn that a special address is listed.
  const allowed = owner?.allowSpecial === true && inScope(caller, owner.customer.id)
  // The customers file lists loopback only if the operator's setting allows it.
  const lifted = special?.liftable ? allowed : loopback && owner !== null
  if (special && !lifted) {
    return deny('address-special', `${address.text} is in ${special.text} (${special.name}), which is not tested`)
  }
  if (!loopback && origin.own.some((own) => isSame(own, address))) {
    return deny('address-special', `${address.text} is an address of this service itself`)
  }
  return null
}

/** Denies an IPv6 address that our network translates to a special IPv4 address, or to one of ours. */
function translatedDenial(address: Address, { own, translations }: Origin): Denial | null {
  const ipv4 = translatedFrom(address, translations).find(
    (one) => specialRange(one) !== null || own.some((ours) => isSame(ours, one)),
  )
  return ipv4 ? deny('address-special', `${address.text} is translated to ${ipv4.text}, which is not tested`) : null
}

/** Returns the customer to test for. */
function customerFor(
  request: AccessRequest,
  caller: Caller,
  customers: Customers,
  owner: Customer | null,
): { customer: Customer } | Denial {
  const { address, customerId } = request
  const wanted = customerId ?? owner?.id
  const at = customerId === null ? '/ip' : '/customerId'
  if (owner && owner.id === wanted && inScope(caller, wanted)) return { customer: owner }
  if (caller.customers !== 'all') {
    const orNamed = customerId === null ? '' : ', or not for this customer'
    return deny('not-allowed', `this key may not test ${address.text}${orNamed}`, at)
  }
  if (customerId !== null && !customers.all.has(customerId))
    return deny('not-allowed', `there is no customer ${customerId}`, at)
  if (!owner) return deny('not-allowed', `${address.text} is not in a network of any customer`)
  return deny('not-allowed', `${address.text} belongs to customer ${owner.id}, not to ${customerId}`, at)
}

/**
 * Returns the vantages that can test the address: outside the customer's networks, because from inside every healthy
 * server looks open, and with an address of the same IP version. Every vantage reaches loopback.
 */
function vantagesFor(
  request: AccessRequest,
  customer: Customer,
  customers: Customers,
  origin: Origin,
): string[] | Denial {
  const { address, vantage } = request
  const asked = vantage === null ? origin.vantages : origin.vantages.filter(({ name }) => name === vantage)
  const at = vantage === null ? '/ip' : '/vantage'
  if (asked.length === 0) return deny('vantage-unknown', `there is no vantage ${vantage}: GET /vantages lists them`, at)
  if (isLoopback(address)) return asked.map(({ name }) => name)
  const insideOf = ({ sources }: VantageReach) => sources.find((source) => customers.isInside(source, customer))
  const outside = asked.filter((one) => !insideOf(one))
  const inside = outside.length === 0 ? asked.map(insideOf)[0] : undefined
  if (inside) {
    const where = `our vantage ${inside.text} is in a network of customer ${customer.id}`
    return deny('vantage-inside-network', `${where}: a test must come from outside`, at)
  }
  const able = outside.filter(({ families }) => families.has(address.family))
  if (able.length > 0) return able.map(({ name }) => name)
  const names = outside.map(({ name }) => name)
  const ours = names.length === 1 ? 'our vantage has' : `our vantages ${names.join(', ')} have`
  return deny('vantage-family', `${ours} no IPv${address.family} address`, at)
}
