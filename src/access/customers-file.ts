import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { identifier } from '../contract/ids.ts'
import { type Quota, quotaText } from '../contract/limits.ts'
import { FileFaults, nameOf, readAll, type YamlFile } from '../files/yaml-file.ts'
import { addressOf } from '../ip/address.ts'
import { type Prefix, parsePrefix } from '../ip/prefix.ts'
import { buildPrefixIndex, type PrefixIndex } from '../ip/prefix-index.ts'
import { isLoopback, overlappingSpecials } from '../ip/special.ts'
import { isSandbox, SANDBOX_PREFIX } from './sandbox-ids.ts'

/** The owner of networks and domains. The first domain is what a test uses where the request names none. */
export interface Customer {
  readonly id: string
  readonly name: string
  /** CIDRs in canonical text. */
  readonly networks: readonly string[]
  readonly domains: readonly string[]
  readonly quota: Quota | null
}

/** What customers files say, in plain data: one process hands it to another as it is. */
export interface CustomerTable {
  readonly testing: boolean
  readonly customers: readonly Customer[]
  /**
   * The networks of all customers; of each by its number, whose it is, by place in `customers`, and
   * whether it says allowSpecial.
   */
  readonly networks: PrefixIndex
  readonly owners: Int32Array
  readonly lifted: Uint8Array
  readonly optedOut: PrefixIndex
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
export function readCustomers(files: readonly string[], rules: CustomerRules): CustomerTable {
  const reading = new Reading(rules)
  for (const { file, value } of readAll(files, customersFile, reading.faults)) reading.add(file, value)
  return reading.finish()
}

/** A network as it stands in a file. */
interface Listed {
  readonly prefix: Prefix
  /** The place of its customer among all. */
  readonly owner: number
  readonly allowSpecial: boolean
}

class Reading {
  readonly #rules: CustomerRules
  readonly faults: string[] = []
  readonly #customers: Customer[] = []
  readonly #ids = new Set<string>()
  readonly #networks = new Map<string, Listed>()
  readonly #optedOut: Prefix[] = []
  #testing = true

  constructor(rules: CustomerRules) {
    this.#rules = rules
  }

  add(file: YamlFile, { testing, customers, neverTest }: CustomersFile): void {
    this.#testing &&= testing
    for (const [index, entry] of customers.entries()) this.#addCustomer(file, ['customers', index], entry)
    for (const [index, cidr] of neverTest.entries()) {
      const prefix = this.#prefix(file, ['neverTest', index], cidr)
      if (prefix) this.#optedOut.push(prefix)
    }
  }

  finish(): CustomerTable {
    if (this.faults.length > 0) throw new FileFaults(this.faults)
    const networks = [...this.#networks.values()]
    return {
      testing: this.#testing,
      customers: this.#customers,
      networks: buildPrefixIndex(networks.map(({ prefix }) => prefix)),
      owners: Int32Array.from(networks, ({ owner }) => owner),
      lifted: Uint8Array.from(networks, ({ allowSpecial }) => (allowSpecial ? 1 : 0)),
      optedOut: buildPrefixIndex(this.#optedOut),
    }
  }

  #addCustomer(file: YamlFile, at: readonly PropertyKey[], entry: CustomersFile['customers'][number]): void {
    const { id, name, domains, quota } = entry
    if (this.#ids.has(id)) this.#fault(file, [...at, 'id'], `${id} is there already`)
    this.#ids.add(id)
    if (isSandbox(id)) {
      this.#fault(file, [...at, 'id'], `ids that begin with ${SANDBOX_PREFIX} are those of the sandbox`)
    }
    const networks: string[] = []
    const owner = this.#customers.push({ id, name, networks, domains, quota: quota ?? null }) - 1
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
      networks.push(prefix.text)
      this.#networks.set(prefix.text, { prefix, owner, allowSpecial })
    }
  }

  /** Why a network may not stand in the file, or null. */
  #objection(prefix: Prefix, allowSpecial: boolean, allowWide: boolean): string | null {
    const known = this.#networks.get(prefix.text)
    if (known) return `${prefix.text} is there already, with customer ${this.#customers[known.owner]?.id}`
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
