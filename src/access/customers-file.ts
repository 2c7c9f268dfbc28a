/** Reads the customers files, checks them, and says what they contain row by row, in plain data. */
import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { identifier } from '../contract/ids.ts'
import { quotaText } from '../contract/limits.ts'
import { domainOf, knownMailbox } from '../contract/mailbox.ts'
import { FileFaults } from '../files/faults.ts'
import type { FileContent } from '../files/on-disk.ts'
import { nameOf, readAll, type YamlFile } from '../files/yaml-file.ts'
import { type Address, explainAddress, parseAddress } from '../ip/address.ts'
import { parsePrefix } from '../ip/prefix.ts'
import { PrefixIndex } from '../ip/prefix-index.ts'
import { type Customer, hasDomain, isWithin, type ListedServer } from './customer.ts'
import { missingIn } from './explicit.ts'
import { objectionTo } from './networks.ts'
import { isSandbox, SANDBOX_PREFIX } from './sandbox-ids.ts'

/** One row of the files: a switch, customer, network, opt-out or server. Networks are CIDRs in canonical text. */
export type CustomerRow =
  | { readonly testing: boolean }
  | { readonly customer: Customer }
  | { readonly owned: string; readonly customerId: string; readonly allowSpecial: boolean }
  | { readonly optedOut: string }
  | { readonly server: ListedServer; readonly customerId: string }

/** The settings that decide which entries are allowed. */
export interface CustomerRules {
  readonly allowLoopback: boolean
  readonly mailboxDomain: string
}

/** The port of a server that the file gives without one. */
const USUAL_PORT = 25

const network = z.union(
  [
    z.string().transform((cidr) => ({ cidr, allowSpecial: false, allowWide: false })),
    z.strictObject({
      cidr: z.string(),
      allowSpecial: z.boolean().default(false),
      allowWide: z.boolean().default(false),
    }),
  ],
  { error: 'must be a network such as 203.0.113.0/24, or { cidr, allowSpecial, allowWide }' },
)

const SERVER = 'must be an address such as 203.0.113.25, or { ip, port, domain }'
const PORT = 'must be a port number, such as 25'
const server = z.union(
  [
    z.string().transform((ip): ListedServer => ({ ip, port: USUAL_PORT, domain: null })),
    z.strictObject({
      ip: z.string(),
      port: z.int({ error: PORT }).min(1, PORT).max(65_535, PORT).default(USUAL_PORT),
      domain: z
        .string()
        .regex(DOMAIN_NAME, 'must be a mail domain such as example.com')
        .toLowerCase()
        .nullable()
        .default(null),
    }),
  ],
  { error: SERVER },
)

const customersFile = z.strictObject({
  testing: z.boolean({ error: 'must be true or false' }).optional(),
  customers: z
    .array(
      z.strictObject({
        id: identifier,
        name: z.string({ error: 'must be a name' }).min(1).max(200),
        networks: z.array(network).min(1, 'must list at least one network'),
        domains: z
          .array(z.string().regex(DOMAIN_NAME, 'must be a mail domain such as example.com').toLowerCase())
          .default([]),
        mailboxes: z.array(knownMailbox).default([]),
        servers: z.array(server).default([]),
        quota: quotaText.optional(),
      }),
    )
    .default([]),
  neverTest: z.array(z.string({ error: 'must be a network such as 203.0.113.250/32' })).optional(),
})
type CustomersFile = z.output<typeof customersFile>

/** Reads one customers file, or all files of a folder. Throws FileFaults with every mistake. */
export function readCustomers(files: readonly FileContent[], rules: CustomerRules): readonly CustomerRow[] {
  const reading = new Reading(rules)
  const read = readAll(files, customersFile, reading.faults)
  for (const { file, value } of read) reading.add(file, value)
  // The owner of an address is known only after all networks of all files.
  for (const { file, value } of read) reading.addServers(file, value)
  // If a file could not be read, the missing members may be in it.
  if (read.length === files.length)
    reading.faults.push(
      ...missingIn(
        files,
        read.map(({ value }) => value),
      ),
    )
  if (reading.faults.length > 0) throw new FileFaults(reading.faults)
  return reading.rows
}

/** Collects the rows of several files, and the mistakes in and between them. */
class Reading {
  readonly rows: CustomerRow[] = []
  readonly faults: string[] = []
  readonly #rules: CustomerRules
  readonly #ids = new Set<string>()
  /** The customer that lists each network. */
  readonly #owners = new Map<string, string>()
  /** The customer that owns each network. */
  readonly #networks = new PrefixIndex<string>()
  /** The servers so far, each with its port. */
  readonly #servers = new Set<string>()
  /** The neverTest lists of files without customers. */
  readonly #lists = new Set<string>()

  constructor(rules: CustomerRules) {
    this.#rules = rules
  }

  add(file: YamlFile, { testing = true, customers, neverTest = [] }: CustomersFile): void {
    this.rows.push({ testing })
    if (customers.length === 0) this.#checkCopy(file, neverTest.join(' '))
    for (const [index, entry] of customers.entries()) this.#addCustomer(file, ['customers', index], entry)
    for (const [index, cidr] of neverTest.entries()) {
      const parsed = parsePrefix(cidr)
      if (parsed.ok) this.rows.push({ optedOut: parsed.prefix.text })
      else this.#fault(file, ['neverTest', index], parsed.fault)
    }
  }

  /** Adds the servers of the customers. Each must be in a network that its customer owns. */
  addServers(file: YamlFile, { customers }: CustomersFile): void {
    for (const [index, entry] of customers.entries()) {
      for (const [number, listed] of entry.servers.entries()) {
        const at = ['customers', index, 'servers', number]
        const address = parseAddress(listed.ip)
        const place = address && `${address.text} ${listed.port}`
        const objection = address ? this.#objectionToServer(address, listed, entry) : explainAddress(listed.ip)
        if (place !== null && this.#servers.has(place))
          this.#fault(file, at, `${listed.ip} port ${listed.port} is listed twice`)
        else if (objection !== null) this.#fault(file, at, objection)
        if (place === null || objection !== null) continue
        this.#servers.add(place)
        this.rows.push({ server: { ...listed, ip: address?.text ?? listed.ip }, customerId: entry.id })
      }
    }
  }

  #objectionToServer(
    address: Address,
    { domain }: ListedServer,
    entry: CustomersFile['customers'][number],
  ): string | null {
    const [owner] = this.#networks.around(address)
    if (owner === undefined) return `${address.text} is in no network of customer ${entry.id}`
    if (owner !== entry.id) return `${address.text} belongs to customer ${owner}, whose network is narrower`
    if (domain === null || hasDomain(entry, domain)) return null
    return `${domain} is not a domain of this customer: add it to domains`
  }

  /** Refuses the same `neverTest` list in two files: one was probably copied over the other, whose list is lost. */
  #checkCopy(file: YamlFile, list: string): void {
    if (list !== '' && this.#lists.has(list)) {
      this.#fault(file, ['neverTest'], 'another file has the same list: was it copied over this one by mistake?')
    }
    this.#lists.add(list)
  }

  #addCustomer(file: YamlFile, at: readonly PropertyKey[], entry: CustomersFile['customers'][number]): void {
    const { id, name, domains, mailboxes, quota } = entry
    if (this.#ids.has(id)) this.#fault(file, [...at, 'id'], `${id} is used twice`)
    this.#ids.add(id)
    if (isSandbox(id)) this.#fault(file, [...at, 'id'], `ids that begin with ${SANDBOX_PREFIX} are for the sandbox`)
    this.#checkDomains(file, [...at, 'domains'], domains)
    this.#checkMailboxes(file, [...at, 'mailboxes'], entry)
    const networks: string[] = []
    this.rows.push({ customer: { id, name, networks, domains, mailboxes, quota: quota ?? null } })
    for (const [index, listed] of entry.networks.entries()) {
      const text = this.#addNetwork(file, [...at, 'networks', index], listed, id)
      if (text !== null) networks.push(text)
    }
  }

  /** Returns the network in canonical text, or null if it is none. */
  #addNetwork(file: YamlFile, at: readonly PropertyKey[], listed: z.output<typeof network>, id: string): string | null {
    const parsed = parsePrefix(listed.cidr)
    if (!parsed.ok) {
      this.#fault(file, at, parsed.fault)
      return null
    }
    const { text } = parsed.prefix
    const other = this.#owners.get(text)
    const objection =
      other === undefined
        ? objectionTo(parsed.prefix, listed, this.#rules.allowLoopback)
        : `${text} is already listed for customer ${other}`
    if (objection !== null) this.#fault(file, at, objection)
    this.#owners.set(text, id)
    this.#networks.add(parsed.prefix, id)
    this.rows.push({ owned: text, customerId: id, allowSpecial: listed.allowSpecial })
    return text
  }

  /** Mail to our own mailbox domain must never be mail to a customer, nor the other way round. */
  #checkDomains(file: YamlFile, at: readonly PropertyKey[], domains: readonly string[]): void {
    const { mailboxDomain } = this.#rules
    for (const [index, domain] of domains.entries()) {
      if (!isWithin(domain, mailboxDomain) && !isWithin(mailboxDomain, domain)) continue
      const why = `${domain} overlaps with our own mailbox domain ${mailboxDomain}: MAILBOX_DOMAIN must be separate from the domains of all customers`
      this.#fault(file, [...at, index], why)
    }
  }

  /** A mailbox at another domain would say nothing about the customer's servers. */
  #checkMailboxes(file: YamlFile, at: readonly PropertyKey[], entry: CustomersFile['customers'][number]): void {
    for (const [index, mailbox] of entry.mailboxes.entries()) {
      if (hasDomain(entry, domainOf(mailbox))) continue
      this.#fault(file, [...at, index], `${mailbox} is not at a domain of this customer: add its domain to domains`)
    }
  }

  #fault(file: YamlFile, at: readonly PropertyKey[], reason: string): void {
    this.faults.push(file.fault(at, `${nameOf(at)}: ${reason}`))
  }
}
