import type { Caller } from '../access/callers.ts'
import type { Customers } from '../access/customer.ts'
import { type AccessRequest, type Decision, decide, type Origin } from '../access/decide.ts'
import { sandboxCustomers } from '../access/sandbox.ts'
import { parseAddress } from '../ip/address.ts'
import type { Stores } from '../store/stores.ts'
import { ownAddresses } from '../vantage/interfaces.ts'
import { reachOf, type Vantage } from '../vantage/vantage.ts'

/** What decisions are made by. `customers` and `vantages` are looked up anew for each: their files reload. */
export interface PermissionParts {
  readonly customers: () => Customers
  readonly vantages: Vantages
  readonly stores: Pick<Stores, 'server'>
}

/** Where tests come from now, the preferred first. */
export interface Vantages {
  readonly all: readonly Vantage[]
  /** Whether nothing can be tested from a vantage. */
  isDown(vantage: Vantage): boolean
  /** The way out of a vantage has just failed: it is looked at again. */
  suspect(vantage: Vantage): void
  /** How long it is until all are looked at again. */
  readonly secondsToNextLook: number
}

/** Whose servers a caller chooses from. A caller in the sandbox never meets a real one. */
export const customersFor = (caller: Caller, { customers }: Pick<PermissionParts, 'customers'>): Customers =>
  caller.sandbox ? sandboxCustomers(caller) : customers()

/** Decides for one caller, as files and machine are now. */
export function permissionsOf(caller: Caller, parts: PermissionParts): (wish: AccessRequest) => Decision {
  const customers = customersFor(caller, parts)
  const origin = caller.sandbox ? nowhere(parts) : originNow(parts)
  return (wish) => decide(wish, caller, customers, origin)
}

/** A sandbox dials nothing, so it does not matter from where. */
function nowhere({ vantages }: PermissionParts): Origin {
  return { own: [], vantages: vantages.all.map(({ name }) => ({ name, sources: [], families: new Set([4, 6]) })) }
}

/** The addresses of the store and of proxies count as our own: nobody tests what we stand on. */
function originNow({ vantages, stores }: PermissionParts): Origin {
  const own = ownAddresses()
  const servers = (stores.server?.addresses() ?? []).map((text) => parseAddress(text)).filter((one) => one !== null)
  const proxies = vantages.all.flatMap(({ egress }) => egress.dependsOn)
  return { own: [...own, ...servers, ...proxies], vantages: vantages.all.map((vantage) => reachOf(vantage, own)) }
}
