import { fork } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileFaults } from '../files/yaml-file.ts'
import type { Address } from '../ip/address.ts'
import { prefixesAround } from '../ip/prefix-index.ts'
import { type Customer, type CustomerRules, type CustomerTable, readCustomers } from './customers-file.ts'
import type { Order, Piece } from './customers-process.ts'

export { type Customer, isWithin } from './customers-file.ts'

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
  /** Whether a network of the customer holds the address, be it another's within that one. */
  isInside(address: Address, customer: Customer): boolean
  isOptedOut(address: Address): boolean
}

/** Reads the customers file, or the files of a folder as one. Throws FileFaults that list everything wrong. */
export const loadCustomers = (files: readonly string[], rules: CustomerRules): Customers =>
  customersOf(readCustomers(files, rules))

/** Beside this file, whether it is built or not. */
const READER = fileURLToPath(new URL(`./customers-process${extname(import.meta.url)}`, import.meta.url))

/** What is read within some milliseconds, sooner than a process starts. */
const SMALL_BYTES = 65_536

const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/**
 * Reads as `loadCustomers` does, holding up nobody: what is large in a process of its own. A file of 100,000 networks takes
 * seconds, and half a gigabyte for as long. What was read is taken over piece by piece, between other work.
 */
export async function reloadCustomers(files: readonly string[], rules: CustomerRules): Promise<Customers> {
  const bytes = files.reduce((sum, file) => sum + bytesOf(file), 0)
  return bytes > SMALL_BYTES ? readElsewhere(files, rules) : loadCustomers(files, rules)
}

async function readElsewhere(files: readonly string[], rules: CustomerRules): Promise<Customers> {
  const reader = fork(READER, { serialization: 'advanced' })
  const ended = new AbortController()
  reader.on('error', () => ended.abort()).once('exit', () => ended.abort())
  const customers: Customer[] = []
  const all = new Map<string, Customer>()
  const order: Order = { files, rules }
  try {
    for (;;) {
      reader.send(order)
      const [piece]: Piece[] = await once(reader, 'message', { signal: ended.signal })
      if (!piece || 'faults' in piece) throw new FileFaults(piece?.faults ?? [])
      if ('rest' in piece) return customersOf({ ...piece.rest, customers }, all)
      for (const customer of piece.customers) {
        customers.push(customer)
        all.set(customer.id, customer)
      }
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error
    // Where there is no room for a process: a pause is better than a file that says to stop and is not heard.
    if (reader.pid === undefined) return loadCustomers(files, rules)
    throw new FileFaults([`${files.join(', ')}: cannot be read (the process that reads it ended)`])
  } finally {
    reader.kill()
  }
}

/** The answers to who may test what, from what the files say. */
export function customersOf(
  { customers, testing, networks, owners, lifted, optedOut }: CustomerTable,
  all = new Map(customers.map((customer) => [customer.id, customer])),
): Customers {
  const ownerOf = (network: number) => customers[owners[network] ?? -1]
  return {
    all,
    testing,
    ownerOf(address) {
      const [longest = -1] = prefixesAround(networks, address)
      const customer = ownerOf(longest)
      return customer ? { customer, allowSpecial: lifted[longest] === 1 } : null
    },
    isInside: (address, customer) => prefixesAround(networks, address).some((network) => ownerOf(network) === customer),
    isOptedOut: (address) => prefixesAround(optedOut, address).length > 0,
  }
}
