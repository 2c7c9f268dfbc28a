/** Answers which customer owns an address. The answers come from the customers files, in memory. */
import { programBeside, type RowReader, rowsOf } from '../files/elsewhere.ts'
import type { FileContent } from '../files/on-disk.ts'
import { type Address, addressOf } from '../ip/address.ts'
import { type Prefix, prefixOf } from '../ip/prefix.ts'
import { PrefixIndex } from '../ip/prefix-index.ts'
import type { Customer, Customers, ListedServer, Owner } from './customer.ts'
import { type CustomerRow, type CustomerRules, readCustomers } from './customers-file.ts'

/** A file with 100,000 networks takes seconds and half a gigabyte, so large files are read in another process. */
const READER: RowReader<CustomerRow, CustomerRules> = {
  read: readCustomers,
  program: programBeside(import.meta.url, 'customers-process'),
}

/** Reads the customers files without blocking the event loop. Throws FileFaults with every mistake in them. */
export async function loadCustomers(files: readonly FileContent[], rules: CustomerRules): Promise<CustomerTable> {
  const table = new CustomerTable()
  for await (const rows of rowsOf(READER, files, rules)) for (const row of rows) table.add(row)
  return table
}

/** An owner, with the length of its network. */
type Owned = Owner & Pick<Prefix, 'length'>

/** Customers and their networks, filled row by row. */
export class CustomerTable implements Customers {
  readonly all = new Map<string, Customer>()
  testing = true
  readonly #servers = new Map<string, ListedServer[]>()
  /** The networks under neverTest. */
  readonly optedOut: Prefix[] = []
  readonly #owners = new PrefixIndex<Owned>()
  readonly #optedOut = new PrefixIndex<Prefix>()

  add(row: CustomerRow): void {
    if ('customer' in row) this.all.set(row.customer.id, row.customer)
    else if ('owned' in row) this.#own(row.owned, row.customerId, row.allowSpecial)
    else if ('optedOut' in row) this.#optOut(prefixOf(row.optedOut))
    else if ('server' in row) this.#list(row.server, row.customerId)
    else this.testing &&= row.testing
  }

  #own(network: string, customerId: string, allowSpecial: boolean): void {
    const customer = this.all.get(customerId)
    const prefix = prefixOf(network)
    if (customer) this.#owners.add(prefix, { customer, allowSpecial, length: prefix.length })
  }

  #optOut(network: Prefix): void {
    this.optedOut.push(network)
    this.#optedOut.add(network, network)
  }

  #list(server: ListedServer, customerId: string): void {
    const known = this.#servers.get(customerId)
    if (known) known.push(server)
    else this.#servers.set(customerId, [server])
  }

  serversOf(customerId: string): readonly ListedServer[] {
    return this.#servers.get(customerId) ?? []
  }

  ownerOf(address: Address): Owner | null {
    return this.#owners.around(address)[0] ?? null
  }

  isInside(address: Address, customer: Customer): boolean {
    return this.#owners.around(address).some((owner) => owner.customer === customer)
  }

  isOptedOut(address: Address): boolean {
    return this.#optedOut.around(address).length > 0
  }

  /** Returns the customer with the narrowest network around the whole of this one, or null. */
  ownerAround({ family, first, length }: Prefix): Customer | null {
    const around = this.#owners.around(addressOf(family, first))
    return around.find((owned) => owned.length <= length)?.customer ?? null
  }

  /** Tells whether neverTest covers the whole network. */
  isWhollyOptedOut({ family, first, length }: Prefix): boolean {
    return this.#optedOut.around(addressOf(family, first)).some((network) => network.length <= length)
  }
}
