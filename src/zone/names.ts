/**
 * Makes and reads the names of our zone. Each name leads to one server that is tested, and has an HMAC that only we can
 * make. So every replica can answer for a name without a store, and nobody else can make one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { ADDRESS_BITS, type Address, addressOf } from '../ip/address.ts'

/** Our zone, and the key that its names are made with. */
export interface Zone {
  /** In lower case, without a final dot. */
  readonly name: string
  readonly key: string
}

/** The server that a name leads to. */
export interface SteeredServer {
  readonly address: Address
  /** The host name that the server gives itself, in lower case; null if it gives none. */
  readonly host: string | null
}

/** The first label in hexadecimal: the day, the address and the HMAC. It has 16 bytes for IPv4, and 30 for IPv6. */
const LABEL = /^(?:[0-9a-f]{32}|[0-9a-f]{60})$/
const DAY_BYTES = 2
const HMAC_BYTES = { 4: 10, 6: 12 } as const

/** The longest domain name in text (RFC 1035 section 2.3.4). */
const LONGEST = 253
const DAY_MS = 86_400_000

/**
 * Makes the name that leads to a server: `LABEL.HOST.ZONE`. Without the host if it is unknown, no strict domain name,
 * or too long.
 *
 * @param now the time of the test: the name is valid on its day (UTC) and on the next one, as long as mail counts
 */
export function steeredName(zone: Zone, { address, host }: SteeredServer, now: Date): string {
  const day = dayOf(now)
  const written = (steered: SteeredServer) =>
    [labelOf(zone, steered, day), steered.host, zone.name].filter((part) => part !== null).join('.')
  const named = { address, host: host?.toLowerCase() ?? null }
  const isUsable = named.host !== null && DOMAIN_NAME.test(named.host) && written(named).length <= LONGEST
  return written(isUsable ? named : { address, host: null })
}

/** Reads a name in upper or lower case. Null if we did not make it, or if its day is further than one day away. */
export function readName(zone: Zone, name: string, now: Date): SteeredServer | null {
  const inside = withinZone(zone, name)
  if (inside === null) return null
  const dot = inside.indexOf('.')
  const [label, host] = dot < 0 ? [inside, null] : [inside.slice(0, dot), inside.slice(dot + 1)]
  if (!isLabel(label) || (host !== null && !DOMAIN_NAME.test(host))) return null
  const bytes = Buffer.from(label, 'hex')
  const family = bytes.length - DAY_BYTES - HMAC_BYTES[4] === ADDRESS_BITS[4] / 8 ? 4 : 6
  const end = DAY_BYTES + ADDRESS_BITS[family] / 8
  const steered = { address: addressOf(family, BigInt(`0x${bytes.toString('hex', DAY_BYTES, end)}`)), host }
  const day = bytes.readUInt16BE(0)
  if (!timingSafeEqual(bytes.subarray(end), hmacOf(zone, steered, day))) return null
  // The clocks of replicas differ a little, so tomorrow counts too.
  return Math.abs(day - dayOf(now)) <= 1 ? steered : null
}

/** Whether a text looks like a first label. */
export const isLabel = (text: string): boolean => LABEL.test(text)

/** Returns the part of a name before our zone, in lower case: empty for the zone itself, null for other names. */
export function withinZone(zone: Pick<Zone, 'name'>, name: string): string | null {
  const lower = name.toLowerCase()
  if (lower === zone.name) return ''
  return lower.endsWith(`.${zone.name}`) ? lower.slice(0, -zone.name.length - 1) : null
}

/** Returns the day as a number of 16 bits: the days since 1970, until the year 2149. */
const dayOf = (now: Date): number => Math.floor(now.getTime() / DAY_MS)

function labelOf(zone: Zone, steered: SteeredServer, day: number): string {
  const { family, value } = steered.address
  const days = day.toString(16).padStart(2 * DAY_BYTES, '0')
  const address = value.toString(16).padStart(ADDRESS_BITS[family] / 4, '0')
  return `${days}${address}${hmacOf(zone, steered, day).toString('hex')}`
}

function hmacOf({ name, key }: Zone, { address, host }: SteeredServer, day: number): Buffer {
  const said = JSON.stringify(['mx-steered', name, address.family, address.text, host, day])
  return createHmac('sha256', key).update(said).digest().subarray(0, HMAC_BYTES[address.family])
}
