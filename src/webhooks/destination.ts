/**
 * Decides which address an event may be sent to. A name is looked up here, and the connection goes to the address that
 * was checked, so a name server cannot lead it elsewhere afterwards.
 */
import { type Address, parseAddress } from '../ip/address.ts'
import type { Prefix } from '../ip/prefix.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import { translatedFrom } from '../ip/translated.ts'

/** The facts that the decision needs besides the web address. */
export interface DestinationFacts {
  readonly allowLoopback: boolean
  /** The IPv6 networks whose addresses our network translates to IPv4 ones. */
  readonly translations: readonly Prefix[]
  /** Returns our own addresses and those of our servers, which get no events. */
  own(): readonly Address[]
  /** Returns the addresses of a host name. Empty if there are none, or if no name server answers. */
  addressesOf(name: string): Promise<readonly string[]>
}

/** Thrown if no event may or can be sent to a web address. The message is for people and has no secret. */
export class Undeliverable extends Error {}

/**
 * Returns the addresses that an event may be sent to.
 *
 * @throws Undeliverable if there are none
 */
export async function destinationsOf(
  { hostname, protocol }: URL,
  around: DestinationFacts,
): Promise<readonly Address[]> {
  const host = hostname.replace(/^\[|\]$/g, '')
  const literal = parseAddress(host)
  const found = literal ? [literal] : (await around.addressesOf(host)).map(parseAddress).filter((one) => one !== null)
  if (found.length === 0) throw new Undeliverable(`${host} has no address, or no name server answers`)
  const judged = found.map((address) => ({ address, objection: objectionTo(address, protocol, around) }))
  const allowed = judged.filter(({ objection }) => objection === null).map(({ address }) => address)
  const [denied] = judged
  if (allowed.length === 0 && denied) throw new Undeliverable(`${denied.address.text} ${denied.objection}`)
  // IPv4 first: some machines have no route for IPv6.
  return allowed.toSorted((a, b) => a.family - b.family)
}

/** Returns why an address gets no event, as the rest of a sentence that begins with it; null if it may get one. */
function objectionTo(address: Address, protocol: string, { allowLoopback, translations, own }: DestinationFacts) {
  if (allowLoopback && isLoopback(address)) return null
  if (protocol !== 'https:') return 'gets webhooks by https only'
  const special = [address, ...translatedFrom(address, translations)].map(specialRange).find((range) => range !== null)
  if (special) return `is in ${special.text} (${special.name}), where no webhook is sent`
  const isOurs = own().some(({ family, value }) => family === address.family && value === address.value)
  return isOurs ? 'is an address of this service itself' : null
}
