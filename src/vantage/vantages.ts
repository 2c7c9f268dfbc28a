import { networkInterfaces } from 'node:os'
import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { FileFaults, nameOf, readAll } from '../files/yaml-file.ts'
import { type Address, parseAddress } from '../ip/address.ts'
import { isLoopback, specialRange } from '../ip/special.ts'

/** The place outside the customers' networks that tests connect from. */
export interface Vantage {
  readonly name: string
  /** The name given in EHLO; null stands for the address literal of the connection's own end. */
  readonly ehlo: string | null
  /** What the world sees; empty where the source address of the connection is that. */
  readonly publicIps: readonly Address[]
  /** Local source addresses, at most one of each family; empty leaves the choice to the routing table. */
  readonly bind: readonly Address[]
}

/** The vantage of an installation that names none. */
export const DEFAULT_VANTAGE: Vantage = { name: 'default', ehlo: null, publicIps: [], bind: [] }

const addressText = z.string({ error: 'an IPv4 or IPv6 address was expected' }).transform((text, context) => {
  const address = parseAddress(text)
  if (address) return address
  context.addIssue({ code: 'custom', message: 'an IPv4 or IPv6 address was expected' })
  return z.NEVER
})

const ONE_VANTAGE = 'exactly one vantage was expected: this version tests from one'

const vantagesFile = z.strictObject({
  vantages: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'a name such as syd-1 was expected'),
        ehlo: z.string().regex(DOMAIN_NAME, 'a host name such as relaytest.isp.example was expected'),
        publicIps: z.array(addressText).default([]),
        bind: z
          .union([addressText.transform((address) => [address]), z.array(addressText)], {
            error: 'one or two addresses of this machine were expected',
          })
          .default([]),
      }),
    )
    .length(1, ONE_VANTAGE),
})

/** Reads the vantages file and checks that this machine has the addresses to bind to. Throws FileFaults. */
export function loadVantage(files: readonly string[]): Vantage {
  const faults: string[] = []
  const own = ownAddresses()
  const vantages = readAll(files, vantagesFile, faults).flatMap(({ file, value }) => {
    for (const [index, { bind }] of value.vantages.entries()) {
      const at = ['vantages', index, 'bind']
      const foreign = bind.find(({ text }) => !own.some((address) => address.text === text))
      if (foreign) faults.push(file.fault(at, `${nameOf(at)}: no interface of this machine has ${foreign.text}`))
      else if (new Set(bind.map(({ family }) => family)).size < bind.length) {
        faults.push(file.fault(at, `${nameOf(at)}: at most one address of each IP version was expected`))
      }
    }
    return value.vantages
  })
  const [vantage] = vantages
  if (faults.length === 0 && vantages.length !== 1) faults.push(`${files.join(', ') || 'vantages'}: ${ONE_VANTAGE}`)
  if (!vantage || faults.length > 0) throw new FileFaults(faults)
  return vantage
}

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

/** Where tests from a vantage come from: what access decisions ask about it. */
export function originOf({ publicIps, bind }: Vantage): {
  own: readonly Address[]
  sources: Address[]
  families: Set<4 | 6>
} {
  const own = ownAddresses()
  const routable = own.filter((address) => !isLoopback(address) && !NOT_ROUTED.has(specialRange(address)?.name ?? ''))
  const local = bind.length > 0 ? bind : routable
  return { own, sources: [...publicIps, ...local], families: new Set(local.map(({ family }) => family)) }
}
