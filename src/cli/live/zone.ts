/** Checks that our zone is delegated to this service: a resolver that knows nothing of us must get our answers. */
import { addressOf } from '../../ip/address.ts'
import { steeredName, type Zone } from '../../zone/names.ts'
import type { Dns } from './dns.ts'
import { type CheckRow, fine, wrong } from './row.ts'

/** The server that the name of the check leads to: 192.0.2.1, which is for documents (RFC 5737), so it is nobody's. */
const NOBODY = { address: addressOf(4, 0xc0000201n), host: null }

/** Checks that the NS record of the zone names the host of our mailbox, and that a name of the zone has our answer. */
export async function checkZone(zone: Zone, mailboxDomain: string, dns: Dns): Promise<CheckRow> {
  const what = `zone ${zone.name}`
  const name = steeredName(zone, NOBODY, new Date())
  const [mailbox, servers, found] = await Promise.all([
    dns.exchangers(mailboxDomain),
    dns.nameServers(zone.name),
    dns.exchangers(name),
  ])
  const [first] = mailbox?.toSorted((a, b) => a.priority - b.priority) ?? []
  const mailboxHost = (first?.exchange ?? mailboxDomain).toLowerCase()
  const delegate = `Publish in the zone above: ${zone.name}. NS ${mailboxHost}.`
  const reach = 'Check that the service runs, and that port 53 of that host leads to DNS_LISTEN, over UDP and over TCP.'
  if (servers === null) return wrong(what, 'no name server of the zone answers', `${delegate} ${reach}`)
  if (servers.length === 0) return wrong(what, 'the zone has no NS record', delegate)
  const others = servers.filter((server) => server.toLowerCase() !== mailboxHost)
  if (others.length > 0) return wrong(what, `it has the name server ${others.join(', ')}`, delegate)
  if (found === null) return wrong(what, 'a name of the zone gets no answer', reach)
  const hosts = found.map(({ exchange }) => exchange.toLowerCase())
  if (!hosts.includes(mailboxHost) || !hosts.includes(name)) {
    const same = 'Check that this check and the service have the same MX_ZONE and MAILBOX_KEY.'
    return wrong(what, 'the service does not know the name that the check made', same)
  }
  return fine(what, `${mailboxHost} answers for its names`)
}
