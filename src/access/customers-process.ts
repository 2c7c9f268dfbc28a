import { FileFaults } from '../files/yaml-file.ts'
import { type Customer, type CustomerRules, type CustomerTable, readCustomers } from './customers-file.ts'

/** The first message to this process: what it is to read. Each later one asks for the next piece. */
export interface Order {
  readonly files: readonly string[]
  readonly rules: CustomerRules
}

/** An answer: some of the customers, or all the rest of the table, which is the last; or what is wrong. */
export type Piece =
  | { readonly customers: readonly Customer[] }
  | { readonly rest: Omit<CustomerTable, 'customers'> }
  | { readonly faults: readonly string[] }

/** So few that to take them over holds up the service for no more than some milliseconds. */
const CUSTOMERS_A_PIECE = 500

function* piecesOf({ files, rules }: Order): Generator<Piece> {
  try {
    const { customers, ...rest } = readCustomers(files, rules)
    for (let at = 0; at < customers.length; at += CUSTOMERS_A_PIECE) {
      yield { customers: customers.slice(at, at + CUSTOMERS_A_PIECE) }
    }
    yield { rest }
  } catch (error) {
    if (!(error instanceof FileFaults)) throw error
    yield { faults: error.faults }
  }
}

/** A process of its own that reads customers files for `reloadCustomers`, and ends with its channel. */
let pieces: Generator<Piece> | null = null
process.on('message', (order: Order) => {
  pieces ??= piecesOf(order)
  process.send?.(pieces.next().value)
})
