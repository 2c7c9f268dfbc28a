/** Reads the vantages file: the places that tests come from, in order of preference. */
import { z } from 'zod'
import { DOMAIN_NAME } from '../contract/domain.ts'
import { VANTAGE_NAME } from '../contract/vantages.ts'
import { FileFaults } from '../files/faults.ts'
import type { FileContent } from '../files/on-disk.ts'
import { nameOf, readAll } from '../files/yaml-file.ts'
import { parseAddress } from '../ip/address.ts'
import { direct, objectionToBind } from './direct.ts'
import { parseSocks5Url, throughSocks5 } from './socks5.ts'
import type { Vantage } from './vantage.ts'

/** A text that a function reads. The message never repeats the text, which can contain a password. */
const readBy = <T>(read: (text: string) => T | null, message: string) =>
  z.string({ error: message }).transform((text, context) => {
    const value = read(text)
    if (value !== null) return value
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })

const address = readBy(parseAddress, 'must be an IPv4 or IPv6 address')

const proxyUrl = readBy(
  parseSocks5Url,
  'must be socks5://ADDRESS:PORT or socks5://USER:PASSWORD@ADDRESS:PORT, where ADDRESS is an IPv4 address, or an IPv6 address in brackets',
)

const vantageEntry = z.strictObject({
  name: z.string().regex(VANTAGE_NAME, 'must be a name such as syd-1'),
  ehlo: z.string().regex(DOMAIN_NAME, 'must be a host name such as relaytest.isp.example'),
  publicIps: z.array(address).default([]),
  bind: z
    .union([address.transform((one) => [one]), z.array(address)], {
      error: 'must be one or two addresses of this machine',
    })
    .default([]),
  proxy: proxyUrl.nullable().default(null),
})
type VantageEntry = z.output<typeof vantageEntry>

const AT_LEAST_ONE = 'must list at least one vantage'

const vantagesFile = z.strictObject({ vantages: z.array(vantageEntry).min(1, AT_LEAST_ONE) })

/** Vantages are few. A larger file would keep the service busy while it is parsed. */
const LARGEST_BYTES = 32_768

/** One row for each kind of vantage. The first row whose member is set counts. */
const egressOf = ({ proxy, bind }: VantageEntry) => (proxy ? throughSocks5(proxy) : direct(bind))

/**
 * Reads the vantages files, and checks that this machine has the addresses to bind to. Tests use the first vantage by
 * default. Throws FileFaults.
 */
export function loadVantages(files: readonly FileContent[]): readonly Vantage[] {
  const faults: string[] = []
  for (const { path, bytes } of files) {
    if (bytes.length > LARGEST_BYTES) throw new FileFaults([`${path}: must have at most ${LARGEST_BYTES} bytes`])
  }
  const vantages: Vantage[] = []
  for (const { file, value } of readAll(files, vantagesFile, faults)) {
    for (const [index, entry] of value.vantages.entries()) {
      const { name, ehlo, publicIps } = entry
      for (const { member, reason } of objectionsTo(entry, vantages)) {
        const path = ['vantages', index, member]
        faults.push(file.fault(path, `${nameOf(path)}: ${reason}`))
      }
      vantages.push({ name, ehlo, publicIps, egress: egressOf(entry) })
    }
  }
  if (faults.length === 0 && vantages.length === 0) faults.push(`vantages: ${AT_LEAST_ONE}`)
  if (faults.length > 0) throw new FileFaults(faults)
  return vantages
}

interface Objection {
  readonly member: keyof VantageEntry
  readonly reason: string
}

function objectionsTo({ name, publicIps, bind, proxy }: VantageEntry, earlier: readonly Vantage[]): Objection[] {
  const objections: Objection[] = []
  if (earlier.some((vantage) => vantage.name === name))
    objections.push({ member: 'name', reason: `${name} is used twice` })
  if (proxy && bind.length > 0) {
    objections.push({ member: 'bind', reason: 'cannot be used with proxy: the proxy chooses the source address' })
  } else if (proxy && publicIps.length === 0) {
    objections.push({ member: 'proxy', reason: 'needs publicIps: we cannot see which address the proxy connects from' })
  }
  const reason = proxy ? null : objectionToBind(bind)
  if (reason !== null) objections.push({ member: 'bind', reason })
  return objections
}
