/** Checks the names of the installation: the MX record of the mailbox domain, PTR records, and the SPF record. */
import { type Address, parseAddress } from '../../ip/address.ts'
import type { Vantage } from '../../vantage/vantage.ts'
import type { Dns } from './dns.ts'
import { type CheckRow, doubtful, fine, wrong } from './row.ts'
import { spfOf } from './spf.ts'

const NO_ANSWER = 'no name server answered'
const ASK_AGAIN = 'Check DNS_SERVERS, and run this check again.'

/** Checks that mail for the mailbox domain goes to one host only, and that this host has an address. */
export async function checkMx(domain: string, dns: Dns, hasMailbox: boolean): Promise<CheckRow> {
  const what = `mx ${domain}`
  const bad = hasMailbox ? wrong : doubtful
  const found = await dns.exchangers(domain)
  if (found === null) return doubtful(what, NO_ANSWER, ASK_AGAIN)
  const hosts = found.map(({ exchange }) => exchange)
  const [host] = hosts
  if (host === undefined)
    return bad(what, 'there is no MX record', `Publish: ${domain}. MX 10 HOST, the host of MAILBOX_LISTEN.`)
  if (hosts.includes('')) return bad(what, 'the MX record says that the domain takes no mail', 'Remove it.')
  const addresses = await Promise.all(hosts.map((name) => dns.addresses(name)))
  const lost = hosts.filter((_, index) => addresses[index]?.length === 0)
  if (lost.length > 0) return bad(what, `${lost.join(' and ')} has no address`, 'Publish an A record for it.')
  if (addresses.includes(null)) return doubtful(what, NO_ANSWER, ASK_AGAIN)
  if (hosts.length > 1) {
    const says = `there are ${hosts.length} MX records: ${hosts.join(', ')}`
    return doubtful(what, says, 'Every one must lead to this service, and to no other mail server.')
  }
  return fine(what, `${host}, ${addresses.flat().join(' and ')}`)
}

/** Checks that an address has a name that leads back to it, as mail servers do before they accept anything. */
export async function checkPtr(address: Address, { ehlo }: Vantage, dns: Dns): Promise<CheckRow> {
  const what = `ptr ${address.text}`
  const names = await dns.namesOf(address)
  if (names === null) return doubtful(what, NO_ANSWER, ASK_AGAIN)
  const publish = `Ask the owner of the network for: ${address.text} PTR ${ehlo ?? 'the EHLO name'}.`
  if (names.length === 0) return wrong(what, 'it has no name, so many servers refuse us', publish)
  const back = await Promise.all(names.map((name) => dns.addresses(name)))
  const confirmed = names.filter((_, index) => back[index]?.some((ip) => parseAddress(ip)?.text === address.text))
  if (confirmed.length === 0) {
    if (back.includes(null)) return doubtful(what, NO_ANSWER, ASK_AGAIN)
    return wrong(what, `its name ${names.join(', ')} does not lead back to it`, publish)
  }
  if (ehlo !== null && !confirmed.some((name) => name.toLowerCase() === ehlo.toLowerCase())) {
    return doubtful(what, `it is ${confirmed.join(', ')}, and we say ${ehlo} in EHLO`, 'Use the same name for both.')
  }
  return fine(what, `${confirmed.join(', ')}, and back`)
}

/** Checks that the SPF record of our sender's domain allows an address. */
export async function checkSpf(domain: string, address: Address, dns: Dns): Promise<CheckRow> {
  const what = `spf ${address.text}`
  const publish = `Publish: ${domain}. TXT "v=spf1 ip${address.family}:${address.text} -all"`
  const result = await spfOf(domain, address, dns)
  switch (result) {
    case 'pass':
      return fine(what, `${domain} allows it`)
    case 'none':
      return wrong(what, `${domain} has no SPF record`, publish)
    case 'invalid':
      return wrong(what, `the SPF record of ${domain} cannot be used`, publish)
    case 'unsure':
      return doubtful(what, `we could not find out whether ${domain} allows it`, publish)
    default:
      return wrong(what, `the SPF record of ${domain} does not allow it (${result})`, publish)
  }
}
