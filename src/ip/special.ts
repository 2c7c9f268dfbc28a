/** Knows the address ranges that no public mail server uses, and which of them a customers file may list. */
import type { Address } from './address.ts'
import { contains, overlaps, type Prefix, prefixOf } from './prefix.ts'

/** A customers file may list `reserved` ranges, but no `never` range. `loopback` has its own setting. */
export type SpecialKind = 'reserved' | 'never' | 'loopback'

export interface SpecialRange {
  readonly name: string
  /** CIDR notation; `*` in an ISATAP range stands for any 64 bits. */
  readonly text: string
  readonly source: string
  readonly kind: SpecialKind
  /** Whether a customers file may list the range with allowSpecial. True for `reserved` only. */
  readonly liftable: boolean
}

/**
 * The IANA special-purpose registries (RFC 6890, RFC 8190), and other ranges where no customer has a mail server. The
 * narrowest row that contains an address counts. A range that embeds IPv4 addresses is `never`, because it is a second
 * spelling that the IPv4 rows do not see. The last three IPv6 rows cover everything outside 2000::/3. Rows inside them
 * give a better name, or are `never`.
 */
const TABLE: readonly (readonly [text: string, name: string, source: string, kind: SpecialKind])[] = [
  ['0.0.0.0/8', 'this network', 'RFC 791', 'never'],
  ['10.0.0.0/8', 'private use', 'RFC 1918', 'reserved'],
  ['100.64.0.0/10', 'shared address space (carrier-grade NAT)', 'RFC 6598', 'reserved'],
  ['100.100.100.200/32', 'cloud metadata service', 'Alibaba Cloud, ECS user guide: instance metadata', 'never'],
  ['127.0.0.0/8', 'loopback', 'RFC 1122', 'loopback'],
  ['169.254.0.0/16', 'link local', 'RFC 3927', 'reserved'],
  ['168.63.129.16/32', 'cloud platform service', 'Microsoft Azure: What is IP address 168.63.129.16?', 'never'],
  ['169.254.42.42/32', 'cloud metadata service', 'Scaleway: instance metadata', 'never'],
  ['169.254.169.254/32', 'cloud metadata service', 'common practice of cloud providers', 'never'],
  ['169.254.170.2/32', 'cloud credentials service', 'AWS ECS: task IAM roles', 'never'],
  ['169.254.170.23/32', 'cloud credentials service', 'AWS EKS: pod identity', 'never'],
  ['172.16.0.0/12', 'private use', 'RFC 1918', 'reserved'],
  ['192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890', 'reserved'],
  ['192.0.2.0/24', 'documentation (TEST-NET-1)', 'RFC 5737', 'reserved'],
  ['192.31.196.0/24', 'AS112-v4', 'RFC 7535', 'reserved'],
  ['192.52.193.0/24', 'AMT', 'RFC 7450', 'reserved'],
  ['192.88.99.0/24', '6to4 relay anycast (deprecated)', 'RFC 7526', 'reserved'],
  ['192.168.0.0/16', 'private use', 'RFC 1918', 'reserved'],
  ['192.175.48.0/24', 'direct delegation AS112 service', 'RFC 7534', 'reserved'],
  ['198.18.0.0/15', 'benchmarking', 'RFC 2544', 'reserved'],
  ['198.51.100.0/24', 'documentation (TEST-NET-2)', 'RFC 5737', 'reserved'],
  ['203.0.113.0/24', 'documentation (TEST-NET-3)', 'RFC 5737', 'reserved'],
  ['224.0.0.0/4', 'multicast', 'RFC 5771', 'never'],
  ['240.0.0.0/4', 'reserved for future use', 'RFC 1112', 'reserved'],
  ['255.255.255.255/32', 'limited broadcast', 'RFC 919', 'never'],

  ['::/128', 'unspecified address', 'RFC 4291', 'never'],
  ['::1/128', 'loopback', 'RFC 4291', 'loopback'],
  ['::/96', 'IPv4-compatible address (deprecated)', 'RFC 4291', 'never'],
  ['::ffff:0:0/96', 'IPv4-mapped address', 'RFC 4291', 'never'],
  ['::ffff:0:0:0/96', 'IPv4-translated address', 'RFC 2765', 'never'],
  ['64:ff9b::/96', 'IPv4-IPv6 translation (NAT64)', 'RFC 6052', 'never'],
  ['64:ff9b:1::/48', 'IPv4-IPv6 translation (local-use NAT64)', 'RFC 8215', 'never'],
  ['100::/64', 'discard only', 'RFC 6666', 'reserved'],
  ['100:0:0:1::/64', 'dummy prefix', 'RFC 9780', 'reserved'],
  ['200::/7', 'OSI NSAP-mapped (deprecated)', 'RFC 4048', 'reserved'],
  ['2001::/23', 'IETF protocol assignments', 'RFC 2928', 'reserved'],
  ['2001::/32', 'Teredo', 'RFC 4380', 'never'],
  ['2001:2::/48', 'benchmarking', 'RFC 5180', 'reserved'],
  ['2001:3::/32', 'AMT', 'RFC 7450', 'reserved'],
  ['2001:4:112::/48', 'AS112-v6', 'RFC 7535', 'reserved'],
  ['2001:10::/28', 'ORCHID (deprecated)', 'RFC 4843', 'reserved'],
  ['2001:20::/28', 'ORCHIDv2', 'RFC 7343', 'reserved'],
  ['2001:30::/28', 'drone remote identification (DET)', 'RFC 9374', 'reserved'],
  ['2001:db8::/32', 'documentation', 'RFC 3849', 'reserved'],
  ['2002::/16', '6to4', 'RFC 3056', 'never'],
  ['2620:4f:8000::/48', 'direct delegation AS112 service', 'RFC 7534', 'reserved'],
  ['3ffe::/16', '6bone (returned)', 'RFC 3701', 'reserved'],
  ['3fff::/20', 'documentation', 'RFC 9637', 'reserved'],
  ['5f00::/16', 'segment routing (SRv6) SIDs', 'RFC 9602', 'reserved'],
  ['fc00::/7', 'unique local', 'RFC 4193', 'reserved'],
  ['fd00:ec2::254/128', 'cloud metadata service', 'AWS SDK for JavaScript, metadata_service/endpoint.js', 'never'],
  ['fd00:ec2::23/128', 'cloud credentials service', 'AWS EKS: pod identity', 'never'],
  ['fd00:42::42/128', 'cloud metadata service', 'Scaleway: instance metadata', 'never'],
  ['fd00:c1::a9fe:a9fe/128', 'cloud metadata service', 'Oracle Cloud Infrastructure: instance metadata', 'never'],
  ['fd20:ce::254/128', 'cloud metadata service', 'Google Cloud: metadata server', 'never'],
  // A link-local address needs a zone, and our addresses have none.
  ['fe80::/10', 'link local', 'RFC 4291', 'never'],
  ['fec0::/10', 'site local (deprecated)', 'RFC 3879', 'reserved'],
  ['ff00::/8', 'multicast', 'RFC 4291', 'never'],
  ['::/3', 'not global unicast', 'RFC 4291', 'reserved'],
  ['4000::/2', 'not global unicast', 'RFC 4291', 'reserved'],
  ['8000::/1', 'not global unicast', 'RFC 4291', 'reserved'],
]

/** Narrowest first, so that the first match counts. */
const ROWS = TABLE.map(([text, name, source, kind]) => ({
  prefix: prefixOf(text),
  range: { text, name, source, kind, liftable: kind === 'reserved' },
})).sort((a, b) => b.prefix.length - a.prefix.length)

/** Not a prefix: the interface id 0:5efe or 200:5efe and an IPv4 address, which can be in any network. */
const ISATAP: SpecialRange = {
  text: '*:0:5efe:0:0/96',
  name: 'ISATAP',
  source: 'RFC 5214',
  kind: 'never',
  liftable: false,
}
const ISATAP_FIXED_BITS = 96

/** Returns the narrowest special-purpose range that contains the address, or null if there is none. */
export function specialRange(address: Address): SpecialRange | null {
  if (hasIsatapId(address.value)) return ISATAP
  return ROWS.find(({ prefix }) => contains(prefix, address))?.range ?? null
}

/**
 * Returns the special-purpose ranges that a network overlaps, narrowest first: all ranges inside it, and the narrowest
 * one around it. A customers file may list the network with allowSpecial only if all of them are liftable. Every IPv6
 * /64 contains ISATAP addresses, so ISATAP is returned only for networks that contain nothing else. `specialRange`
 * finds it in each address before it is dialled.
 */
export function overlappingSpecials(prefix: Prefix): readonly SpecialRange[] {
  if (prefix.length >= ISATAP_FIXED_BITS && hasIsatapId(prefix.first)) return [ISATAP]
  const overlapping = ROWS.filter((row) => overlaps(row.prefix, prefix))
  const around = overlapping.findIndex((row) => row.prefix.length <= prefix.length)
  const effective = around < 0 ? overlapping : overlapping.slice(0, around + 1)
  return effective.map(({ range }) => range)
}

/** Tells whether the address is in 127.0.0.0/8 or is ::1. */
export function isLoopback(address: Address): boolean {
  return specialRange(address)?.kind === 'loopback'
}

/** RFC 5214 section 6.1. The mask ignores the universal/local bit. An IPv4 value is too short to match. */
function hasIsatapId(value: bigint): boolean {
  return ((value >> 32n) & 0xfdff_ffffn) === 0x0000_5efen
}
