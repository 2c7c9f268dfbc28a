/** Reads an SPF record (RFC 7208) as far as operators need it: may this address send for this domain? */
import { type Address, parseAddress } from '../../ip/address.ts'
import { contains, parsePrefix } from '../../ip/prefix.ts'
import type { Dns } from './dns.ts'

/**
 * The meaning of a record for an address. `none`: there is no record. `invalid`: it cannot be used. `unsure`: a name
 * server did not answer, or the record uses what is not read here, such as macros.
 */
export type SpfResult = 'pass' | 'fail' | 'softfail' | 'neutral' | 'none' | 'invalid' | 'unsure'

const QUALIFIERS = { '+': 'pass', '-': 'fail', '~': 'softfail', '?': 'neutral' } as const

/** RFC 7208 section 4.6.4: the most terms of a record that ask name servers. */
const MOST_LOOKUPS = 10

/** Returns what the SPF record of a domain says about mail from an address. */
export const spfOf = (domain: string, address: Address, dns: Dns): Promise<SpfResult> =>
  evaluate(domain, address, { dns, left: MOST_LOOKUPS })

interface Asking {
  readonly dns: Dns
  /** How many more terms may ask name servers. */
  left: number
}

async function evaluate(domain: string, address: Address, asking: Asking): Promise<SpfResult> {
  const texts = await asking.dns.texts(domain)
  if (texts === null) return 'unsure'
  const [record, ...others] = texts.filter((text) => /^v=spf1(?: |$)/i.test(text))
  if (record === undefined) return 'none'
  if (others.length > 0) return 'invalid'
  const terms = record.split(/ +/).slice(1).filter(Boolean)
  for (const term of terms.filter((one) => !one.includes('='))) {
    const [, sign = '', mechanism = ''] = /^([+?~-]?)(.*)$/.exec(term) ?? []
    const matched = await matches(mechanism, domain, address, asking)
    if (typeof matched === 'string') return matched
    if (matched) return QUALIFIERS[sign === '-' || sign === '~' || sign === '?' ? sign : '+']
  }
  const redirect = terms.find((term) => /^redirect=/i.test(term))?.slice('redirect='.length)
  if (redirect === undefined) return 'neutral'
  asking.left -= 1
  const result = asking.left < 0 ? 'invalid' : await evaluate(redirect, address, asking)
  return result === 'none' ? 'invalid' : result
}

/** Whether a mechanism matches the address, or the result of the whole record if it cannot be told. */
async function matches(
  mechanism: string,
  domain: string,
  address: Address,
  asking: Asking,
): Promise<boolean | SpfResult> {
  const [, name = '', rest = ''] = /^([a-z0-9]*)((?:[:/].*)?)$/i.exec(mechanism) ?? []
  const kind = name.toLowerCase()
  if (kind === 'all' && rest === '') return true
  if (kind === 'ip4' || kind === 'ip6') {
    const text = rest.slice(1)
    const parsed = parsePrefix(text.includes('/') ? text : `${text}/${kind === 'ip4' ? 32 : 128}`)
    return parsed.ok ? contains(parsed.prefix, address) : 'invalid'
  }
  if (!['a', 'mx', 'include'].includes(kind) || rest.includes('%') || rest.includes('/')) return 'unsure'
  const of = rest.startsWith(':') ? rest.slice(1) : domain
  asking.left -= 1
  if (asking.left < 0) return 'invalid'
  if (kind === 'include') {
    const result = await evaluate(of, address, asking)
    if (result === 'none') return 'invalid'
    return result === 'invalid' || result === 'unsure' ? result : result === 'pass'
  }
  const hosts = kind === 'a' ? [of] : ((await asking.dns.exchangers(of)) ?? []).map(({ exchange }) => exchange)
  const found = await Promise.all(hosts.map((host) => asking.dns.addresses(host)))
  return found.flatMap((ips) => ips ?? []).some((ip) => parseAddress(ip)?.text === address.text)
}
