/** Answers which customer owns an address. The answers come from the customers files, in memory. */
import { extname } from 'node:path'
import { isLarge, readElsewhere } from '../files/elsewhere.ts'
import type { Address } from '../ip/address.ts'
import { prefixOf } from '../ip/prefix.ts'
import { PrefixIndex } from '../ip/prefix-index.ts'
import type { Customer, Customers, Owner } from './customer.ts'
import { type CustomerRow, type CustomerRules, readCustomers } from './customers-file.ts'

/** Reads the customers files. Throws FileFaults with every mistake in them. */
export function loadCustomers(files: readonly string[], rules: CustomerRules): Customers {
  const table = new CustomerTable()
  for (const row of readCustomers(files, rules)) table.add(row)
  return table
}

/** The program that reads the files in another process: TypeScript in development, JavaScript once built. */
const READER = new URL(`./customers-process${extname(import.meta.url)}`, import.meta.url)

/**
 * Does the same as `loadCustomers` without blocking the event loop. A file with 100,000 networks takes seconds and half
 * a gigabyte, so a large file is read in another process. The rows arrive in small batches.
 */
export async function reloadCustomers(files: readonly string[], rules: CustomerRules): Promise<Customers> {
  const batches = isLarge(files) ? readElsewhere<CustomerRow>(READER, files, rules) : null
  if (batches === null) return loadCustomers(files, rules)
  const table = new CustomerTable()
  for await (const rows of batches) for (const row of rows) table.add(row)
  return table
}

/** Customers and their networks, filled row by row. */
class CustomerTable implements Customers {
  readonly all = new Map<string, Customer>()
  testing = true
  readonly #owners = new PrefixIndex<Owner>()
  readonly #optedOut = new PrefixIndex<true>()

  add(row: CustomerRow): void {
    if ('customer' in row) this.all.set(row.customer.id, row.customer)
    else if ('owned' in row) this.#own(row.owned, row.customerId, row.allowSpecial)
    else if ('optedOut' in row) this.#optedOut.add(prefixOf(row.optedOut), true)
    else this.testing &&= row.testing
  }

  #own(network: string, customerId: string, allowSpecial: boolean): void {
    const customer = this.all.get(customerId)
    if (customer) this.#owners.add(prefixOf(network), { customer, allowSpecial })
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
}
