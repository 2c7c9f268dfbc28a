import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { identifier } from '../contract/ids.ts'
import { type Quota, quotaText } from '../contract/limits.ts'
import { FileFaults, nameOf, readAll, type YamlFile } from '../files/yaml-file.ts'
import { type Address, addressOf } from '../ip/address.ts'
import { type Prefix, parsePrefix } from '../ip/prefix.ts'
import { buildPrefixIndex, type PrefixEntry } from '../ip/prefix-index.ts'
import { isLoopback, overlappingSpecials } from '../ip/special.ts'
import { SANDBOX_PREFIX } from './sandbox.ts'

/** The owner of networks and domains. The first domain is what a test uses where the request names none. */
export interface Customer {
  readonly id: string
  readonly name: string
  readonly networks: readonly Prefix[]
  readonly domains: readonly string[]
  readonly quota: Quota | null
}

/** A customer's hold on a network. `allowSpecial` lifts the rule on special-purpose ranges for it. */
export interface Holding {
  readonly customer: Customer
  readonly allowSpecial: boolean
}

export interface Customers {
  readonly all: ReadonlyMap<string, Customer>
  /** The kill switch: false stops all tests. */
  readonly testing: boolean
  /** Who owns an address: the longest prefix over all customers. */
  ownerOf(address: Address): Holding | null
  isOptedOut(address: Address): boolean
}

/** What a customers file is judged by. */
export interface CustomerRules {
  readonly allowLoopback: boolean
  readonly mailboxDomain: string
}

/** The widest network that an entry may hold without `allowWide`, by family, as prefix length. */
const WIDEST = { 4: 16, 6: 32 } as const

const network = z.union(
  [
    z.string().transform((cidr) => ({ cidr, allowSpecial: false, allowWide: false })),
    z.strictObject({
      cidr: z.string(),
      allowSpecial: z.boolean().default(false),
      allowWide: z.boolean().default(false),
    }),
  ],
  { error: 'a network such as 203.0.113.0/24, or { cidr, allowSpecial, allowWide }, was expected' },
)

const customersFile = z.strictObject({
  testing: z.boolean({ error: 'true or false was expected' }).default(true),
  customers: z
    .array(
      z.strictObject({
        id: identifier,
        name: z.string({ error: 'a name was expected' }).min(1).max(200),
        networks: z.array(network).min(1, 'at least one network was expected'),
        domains: z
          .array(z.string().regex(DOMAIN_NAME, 'a mail domain such as example.com was expected').toLowerCase())
          .default([]),
        quota: quotaText.optional(),
      }),
    )
    .default([]),
  neverTest: z.array(z.string({ error: 'a network such as 203.0.113.250/32 was expected' })).default([]),
})
type CustomersFile = z.output<typeof customersFile>

/** Reads the customers file, or the files of a folder as one. Throws FileFaults that list everything wrong. */
export function loadCustomers(files: readonly string[], rules: CustomerRules): Customers {
  const reading = new Reading(rules)
  for (const { file, value } of readAll(files, customersFile, reading.faults)) reading.add(file, value)
  return reading.finish()
}

class Reading {
  readonly #rules: CustomerRules
  readonly faults: string[] = []
  readonly #customers = new Map<string, Customer>()
  readonly #holdings = new Map<string, PrefixEntry<Holding>>()
  readonly #optedOut: PrefixEntry<true>[] = []
  #testing = true

  constructor(rules: CustomerRules) {
    this.#rules = rules
  }

  add(file: YamlFile, { testing, customers, neverTest }: CustomersFile): void {
    this.#testing &&= testing
    for (const [index, entry] of customers.entries()) this.#addCustomer(file, ['customers', index], entry)
    for (const [index, cidr] of neverTest.entries()) {
      const prefix = this.#prefix(file, ['neverTest', index], cidr)
      if (prefix) this.#optedOut.push({ prefix, value: true })
    }
  }

  finish(): Customers {
    if (this.faults.length > 0) throw new FileFaults(this.faults)
    const owners = buildPrefixIndex(this.#holdings.values())
    const optedOut = buildPrefixIndex(this.#optedOut)
    return {
      all: this.#customers,
      testing: this.#testing,
      ownerOf: (address) => owners.find(address)?.value ?? null,
      isOptedOut: (address) => optedOut.find(address) !== null,
    }
  }

  #addCustomer(file: YamlFile, at: readonly PropertyKey[], entry: CustomersFile['customers'][number]): void {
    const { id, name, domains, quota } = entry
    const networks: Prefix[] = []
    const customer = { id, name, domains, networks, quota: quota ?? null }
    if (this.#customers.has(id)) this.#fault(file, [...at, 'id'], `${id} is there already`)
    if (id.startsWith(SANDBOX_PREFIX)) {
      this.#fault(file, [...at, 'id'], `ids that begin with ${SANDBOX_PREFIX} are those of the sandbox`)
    }
    this.#customers.set(id, customer)
    for (const [index, domain] of domains.entries()) {
      if (isWithin(domain, this.#rules.mailboxDomain) || isWithin(this.#rules.mailboxDomain, domain)) {
        const why = `${domain} and our own mailbox domain ${this.#rules.mailboxDomain} hold one another: MAILBOX_DOMAIN must be apart from all customers`
        this.#fault(file, [...at, 'domains', index], why)
      }
    }
    for (const [index, { cidr, allowSpecial, allowWide }] of entry.networks.entries()) {
      const place = [...at, 'networks', index]
      const prefix = this.#prefix(file, place, cidr)
      if (!prefix) continue
      const objection = this.#objection(prefix, allowSpecial, allowWide)
      if (objection) this.#fault(file, place, objection)
      networks.push(prefix)
      this.#holdings.set(prefix.text, { prefix, value: { customer, allowSpecial } })
    }
  }

  /** Why a network may not stand in the file, or null. */
  #objection(prefix: Prefix, allowSpecial: boolean, allowWide: boolean): string | null {
    const known = this.#holdings.get(prefix.text)
    if (known) return `${prefix.text} is there already, with customer ${known.value.customer.id}`
    const specials = overlappingSpecials(prefix)
    const [first, last] = [addressOf(prefix.family, prefix.first), addressOf(prefix.family, prefix.last)]
    if (this.#rules.allowLoopback && isLoopback(first) && isLoopback(last)) return null
    for (const { kind, liftable, name, text } of specials) {
      if (kind === 'loopback') {
        return `${prefix.text} holds loopback addresses: they are for trials, with ALLOW_LOOPBACK_TARGETS=true, and no others beside them`
      }
      if (!liftable) return `${prefix.text} holds addresses of ${text} (${name}), which are never tested`
      if (!allowSpecial) return `${prefix.text} holds addresses of ${text} (${name}): only with allowSpecial: true`
    }
    const tooWide = prefix.length < WIDEST[prefix.family] && !allowWide
    return tooWide ? `${prefix.text} is wider than a /${WIDEST[prefix.family]}: only with allowWide: true` : null
  }

  #prefix(file: YamlFile, at: readonly PropertyKey[], cidr: string): Prefix | null {
    const parsed = parsePrefix(cidr)
    if (parsed.ok) return parsed.prefix
    this.#fault(file, at, parsed.fault)
    return null
  }

  #fault(file: YamlFile, at: readonly PropertyKey[], reason: string): void {
    this.faults.push(file.fault(at, `${nameOf(at)}: ${reason}`))
  }
}

/** Whether a domain equals another or lies under it. */
export function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
