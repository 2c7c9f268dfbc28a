import type { Caller } from '../access/callers.ts'
import type { Customers } from '../access/customers.ts'
import { type Decision, decide, type Origin, type Wish } from '../access/decide.ts'
import { sandboxCustomers } from '../access/sandbox.ts'
import { parseAddress } from '../ip/address.ts'
import type { Stores } from '../store/stores.ts'
import { originOf, type Vantage } from '../vantage/vantages.ts'

/** What decisions are made by. `customers` and `vantage` are looked up anew for each: their files reload. */
export interface PermissionParts {
  readonly customers: () => Customers
  readonly vantage: () => Vantage
  readonly stores: Pick<Stores, 'server'>
}

/** A sandbox dials nothing, so it does not matter from where. */
const NOWHERE: Origin = { own: [], sources: [], families: new Set([4, 6]) }

/** Whose servers a caller chooses from. A caller in the sandbox never meets a real one. */
export const customersFor = (caller: Caller, { customers }: Pick<PermissionParts, 'customers'>): Customers =>
  caller.sandbox ? sandboxCustomers(caller) : customers()

/** Decides for one caller, as files and machine are now. */
export function permissionsOf(caller: Caller, parts: PermissionParts): (wish: Wish) => Decision {
  const customers = customersFor(caller, parts)
  const origin = caller.sandbox ? NOWHERE : originNow(parts)
  return (wish) => decide(wish, caller, customers, origin)
}

/** The store's addresses count as our own: nobody tests what keeps our quotas. */
function originNow({ vantage, stores }: PermissionParts): Origin {
  const origin = originOf(vantage())
  const servers = (stores.server?.addresses() ?? []).map((text) => parseAddress(text)).filter((own) => own !== null)
  return { ...origin, own: [...origin.own, ...servers] }
}
