/** Lists everything that files permit, so that tests can compare two versions. */
import type { Callers } from '../../src/access/callers.ts'
import type { Customers } from '../../src/access/customer.ts'
import { decide } from '../../src/access/decide.ts'
import { addressOf } from '../harness/addresses.ts'

const ORIGIN = {
  own: [],
  translations: [],
  vantages: [{ name: 'syd-1', sources: [addressOf('198.51.100.7')], families: new Set([4, 6] as const) }],
}

/** Returns each permission as `CALLER IP for CUSTOMER`. Without testing, there is none. */
export function permissionsIn(customers: Customers, callers: Callers, targets: readonly string[]): Set<string> {
  if (!customers.testing) return new Set()
  const found = callers.all.flatMap((caller) =>
    targets.flatMap((ip) => {
      const request = { address: addressOf(ip), customerId: null, domain: null, knownMailbox: null, vantage: null }
      const decision = decide(request, caller, customers, ORIGIN)
      return decision.ok ? [`${caller.id} ${ip} for ${decision.customer.id}`] : []
    }),
  )
  return new Set(found)
}

/** Returns the permissions that a newer version adds to an older one. */
export const addedTo = (older: ReadonlySet<string>, newer: ReadonlySet<string>): string[] =>
  [...newer].filter((permission) => !older.has(permission))
