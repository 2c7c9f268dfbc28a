/** Reads customers and callers files at once, and makes a large customers file. */

import { CallerTable } from '../../src/access/callers.ts'
import { type CallerRules, readCallers } from '../../src/access/callers-file.ts'
import { CustomerTable } from '../../src/access/customers.ts'
import { type CustomerRules, readCustomers } from '../../src/access/customers-file.ts'
import { contentsOf } from './files.ts'

/** Does the same as `loadCustomers` of the service, at once. */
export function loadCustomers(paths: readonly string[], rules: CustomerRules): CustomerTable {
  const table = new CustomerTable()
  for (const row of readCustomers(contentsOf(paths), rules)) table.add(row)
  return table
}

/** Does the same as `loadCallers` of the service, at once. */
export function loadCallers(
  paths: readonly string[],
  rules: CallerRules = { allowLoopback: true, isReachable: false },
): CallerTable {
  const table = new CallerTable()
  for (const row of readCallers(contentsOf(paths), rules)) table.add(row)
  return table
}

/**
 * Makes a large customers file. Each customer has a domain and `each` networks with a server each. Every fourth
 * network is IPv6.
 */
export function customersYamlOf(networks: number, each: number): string {
  const lines = Array.from({ length: Math.ceil(networks / each) }, (_, customer) => {
    const from = customer * each
    const own = Array.from({ length: Math.min(each, networks - from) }, (_, index) => networkOf(from + index))
    const servers = own.map((_, index) => `'${addressIn(from + index)}'`)
    const lists = `networks: [${own.join(', ')}], domains: [c${customer}.example.com], servers: [${servers.join(', ')}]`
    return `  - { id: c${customer}, name: Customer ${customer}, ${lists} }\n`
  })
  return `customers:\n${lines.join('')}`
}

/** Returns the n-th network of such a file. */
export const networkOf = (n: number): string => (n % 4 === 3 ? `'${prefixOf(n)}:/48'` : `${prefixOf(n)}.0/24`)

/** Returns an address in the n-th network of such a file. */
export const addressIn = (n: number): string => (n % 4 === 3 ? `${prefixOf(n)}:25` : `${prefixOf(n)}.25`)

function prefixOf(n: number): string {
  const [high, low] = [n >> 16, n & 0xffff]
  return n % 4 === 3 ? `2600:${high.toString(16)}:${low.toString(16)}:` : `${60 + high}.${low >> 8}.${low & 255}`
}
