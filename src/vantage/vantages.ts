import { networkInterfaces } from 'node:os'
import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { VANTAGE_NAME } from '../contract/vantages.ts'
import { FileFaults, nameOf, readAll, type YamlFile } from '../files/yaml-file.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'
import type { SocksProxy } from '../smtp/socks.ts'
import { parseProxy } from './proxy.ts'

/** A place outside the customers' networks that tests connect from. */
export interface Vantage {
  readonly name: string
  /** The name given in EHLO; null stands for the address literal of the connection's own end. */
  readonly ehlo: string | null
  /** What the world sees; empty where the source address of the connection is that. */
  readonly publicIps: readonly Address[]
  /** Local source addresses, at most one of each family; empty leaves the choice to the routing table. */
  readonly bind: readonly Address[]
  /** Null connects directly. */
  readonly proxy: SocksProxy | null
}

/** The vantage of an installation that names none. */
export const DEFAULT_VANTAGE: Vantage = { name: 'default', ehlo: null, publicIps: [], bind: [], proxy: null }

const transformed = <T>(read: (text: string) => T | null, expected: string) =>
  z.string({ error: expected }).transform((text, context) => {
    const value = read(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message: expected })
    return z.NEVER
  })

const addressText = transformed(parseAddress, 'an IPv4 or IPv6 address was expected')

/** The text of the file is never repeated: it may hold a password. */
const proxyText = transformed(
  parseProxy,
  'socks5://ADDRESS:PORT or socks5://USER:PASSWORD@ADDRESS:PORT was expected, ADDRESS an IPv4 address or an IPv6 address in brackets',
)

const vantagesFile = z.strictObject({
  vantages: z
    .array(
      z.strictObject({
        name: z.string().regex(VANTAGE_NAME, 'a name such as syd-1 was expected'),
        ehlo: z.string().regex(DOMAIN_NAME, 'a host name such as relaytest.isp.example was expected'),
        publicIps: z.array(addressText).default([]),
        bind: z
          .union([addressText.transform((address) => [address]), z.array(addressText)], {
            error: 'one or two addresses of this machine were expected',
          })
          .default([]),
        proxy: proxyText.nullable().default(null),
      }),
    )
    .min(1, 'at least one vantage was expected'),
})

/**
 * Reads the vantages files and checks that this machine has the addresses to bind to. The first vantage is the one that
 * tests come from by default. Throws FileFaults.
 */
export function loadVantages(files: readonly string[]): readonly Vantage[] {
  const faults: string[] = []
  const own = ownAddresses()
  const vantages: Vantage[] = []
  for (const { file, value } of readAll(files, vantagesFile, faults)) {
    for (const [index, vantage] of value.vantages.entries()) {
      faults.push(...objectionsTo(vantage, ['vantages', index], file, own))
      if (vantages.some(({ name }) => name === vantage.name)) {
        faults.push(
          file.fault(['vantages', index, 'name'], `vantages[${index}].name: ${vantage.name} is there already`),
        )
      }
      vantages.push(vantage)
    }
  }
  if (faults.length === 0 && vantages.length === 0) faults.push('vantages: at least one vantage was expected')
  if (faults.length > 0) throw new FileFaults(faults)
  return vantages
}

function objectionsTo(vantage: Vantage, at: readonly PropertyKey[], file: YamlFile, own: readonly Address[]): string[] {
  const { publicIps, bind, proxy } = vantage
  const fault = (member: string, reason: string) => file.fault([...at, member], `${nameOf([...at, member])}: ${reason}`)
  if (proxy && bind.length > 0)
    return [fault('bind', 'either bind or proxy was expected: the proxy chooses the source')]
  if (proxy && publicIps.length === 0) {
    return [fault('proxy', 'publicIps is needed with it: what the world sees cannot be told from here')]
  }
  const foreign = missingOf(vantage, own)[0]
  if (foreign) return [fault('bind', `no interface of this machine has ${foreign.text}`)]
  const families = new Set(bind.map(({ family }) => family))
  return families.size < bind.length ? [fault('bind', 'at most one address of each IP version was expected')] : []
}

/** The addresses to bind to that this machine does not have. */
export const missingOf = ({ bind }: Vantage, own: readonly Address[]): Address[] =>
  bind.filter(({ text }) => !own.some((address) => address.text === text))

/** How long what the system said of its interfaces counts: every test asks, and an answer takes as long as a dial. */
const INTERFACES_MS = 1_000
let interfaces: { readonly at: number; readonly addresses: readonly Address[] } | null = null

/** The addresses of this machine's interfaces, loopback included, as they were at most a second ago. */
export function ownAddresses(): readonly Address[] {
  const now = performance.now()
  if (!interfaces || now - interfaces.at >= INTERFACES_MS) interfaces = { at: now, addresses: readInterfaces() }
  return interfaces.addresses
}

function readInterfaces(): Address[] {
  const texts = Object.values(networkInterfaces()).flatMap((infos) => infos?.map(({ address }) => address) ?? [])
  // A link-local address comes with its zone, which is no part of the address.
  return texts.map((text) => parseAddress(text.replace(/%.*$/, ''))).filter((address) => address !== null)
}

/** Addresses that an interface may have and that lead nowhere on their own; private IPv4 leads out through NAT. */
const NOT_ROUTED: ReadonlySet<string> = new Set(['link local', 'unique local'])

/** Where tests from a vantage come from, on a machine with these addresses. Behind a proxy it is what the world sees. */
export function outlookOf(
  { name, publicIps, bind, proxy }: Vantage,
  own: readonly Address[],
): { name: string; sources: Address[]; families: Set<4 | 6> } {
  const routable = () =>
    own.filter((address) => !isLoopback(address) && !NOT_ROUTED.has(specialRange(address)?.name ?? ''))
  const ends = proxy ? publicIps : bind.length > 0 ? bind : routable()
  return { name, sources: [...publicIps, ...ends], families: new Set(ends.map(({ family }) => family)) }
}
