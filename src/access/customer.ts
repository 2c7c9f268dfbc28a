/** The types that the files of this room share: a customer, and the questions that customers answer. */
import type { Quota } from '../contract/limits.ts'
import type { Address } from '../ip/address.ts'

/**
 * The owner of networks, domains and mailboxes. If a request names none, a test uses the first domain, and the first
 * mailbox at its domain.
 */
export interface Customer {
  readonly id: string
  readonly name: string
  /** CIDRs in canonical text. */
  readonly networks: readonly string[]
  readonly domains: readonly string[]
  /** Mailboxes that exist at the servers. */
  readonly mailboxes: readonly string[]
  readonly quota: Quota | null
}

/** A mail server of a customer, which sweeps test. */
export interface ListedServer {
  readonly ip: string
  readonly port: number
  /** A mail domain that it accepts mail for; null for the customer's first domain. */
  readonly domain: string | null
}

/** The customer that owns an address. `allowSpecial` is true if its network may contain special-purpose addresses. */
export interface Owner {
  readonly customer: Customer
  readonly allowSpecial: boolean
}

/** The content of the customers files. */
export interface Customers {
  /** Every customer, by id. */
  readonly all: ReadonlyMap<string, Customer>
  /** Returns the servers of a customer that the files list. */
  serversOf(customerId: string): readonly ListedServer[]
  /** The kill switch: false stops all tests. */
  readonly testing: boolean
  /** Returns the owner of an address: the customer with the longest matching prefix. */
  ownerOf(address: Address): Owner | null
  /** Tells whether a network of the customer contains the address, even if another customer owns the address. */
  isInside(address: Address, customer: Customer): boolean
  /** Tells whether the address is listed under neverTest. */
  isOptedOut(address: Address): boolean
}

/** Tells whether a domain is one of the customer's, or below one. */
export const hasDomain = ({ domains }: Pick<Customer, 'domains'>, domain: string): boolean =>
  domains.some((listed) => isWithin(domain, listed))

/** Tells whether a domain equals another one or is below it. */
export function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
