/** A vantage that connects directly, from chosen local addresses or from those that the routing table chooses. */
import type { Address } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { dialFrom } from '../smtp/dial.ts'
import { type Egress, failed, ok, skippedCheck } from './egress.ts'
import { ownAddresses } from './interfaces.ts'
import { objectionToOpen } from './open-socket.ts'

/** Interface addresses that reach nothing outside by themselves. Private IPv4 addresses do, through NAT. */
const NOT_ROUTED: ReadonlySet<string> = new Set(['link local', 'unique local'])

const isRoutable = (address: Address): boolean =>
  !isLoopback(address) && !NOT_ROUTED.has(specialRange(address)?.name ?? '')

/**
 * Returns the way out from local addresses.
 *
 * @param bind at most one address of each family; none leaves the choice to the routing table
 */
export const direct = (bind: readonly Address[]): Egress => ({
  dial: dialFrom(bind),
  bind,
  dependsOn: [],
  sources: (_publicIps, own) => (bind.length > 0 ? bind : own.filter(isRoutable)),
  checks: {
    async 'source-address'() {
      const own = ownAddresses()
      if (missingFrom(own, bind).length > 0) return failed('This machine no longer has the source address.')
      const objections = await Promise.all((bind.length > 0 ? bind : own.filter(isLoopback)).map(objectionToOpen))
      const objection = objections.find((code) => code !== null)
      if (objection) return failed(`This machine cannot open a connection (${objection}).`)
      return bind.length > 0
        ? ok('This machine has the source address.')
        : skippedCheck('The routing table chooses the source address.')
    },
    proxy: () => skippedCheck('The vantage uses no proxy.'),
  },
})

/** Returns why connections cannot be bound to these addresses, or null if they can. */
export function objectionToBind(bind: readonly Address[]): string | null {
  const [foreign] = missingFrom(ownAddresses(), bind)
  if (foreign) return `no interface of this machine has ${foreign.text}`
  const families = new Set(bind.map(({ family }) => family))
  return families.size < bind.length ? 'must have at most one address of each IP version' : null
}

const missingFrom = (own: readonly Address[], bind: readonly Address[]): Address[] =>
  bind.filter(({ text }) => !own.some((address) => address.text === text))
