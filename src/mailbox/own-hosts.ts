/** Collects the hosts that a report names, but that are no next hop: the reporting server, and its client. */
import { hostIn, type OwnHosts } from './foreign.ts'
import { clientsIn } from './next-hops.ts'
import { type Header, valuesOf } from './parts.ts'

/** The server that brought a report: usually the one that wrote it. */
export interface ReportSource {
  readonly peer: string
  readonly helo: string
}

/** Places where the dialects name the server that reports. */
const REPORTER =
  /\b(?:generating server:|(?:at host|program at|(?<!remote )server at|notification from)) ([a-z0-9._-]{1,255})/

/** Returns the hosts that a report names, but that are no next hop. */
export function ownHostsIn(
  header: Header,
  lines: readonly string[],
  domain: string,
  { peer, helo }: ReportSource,
): OwnHosts {
  const [, from = ''] = /@([a-z0-9.-]{1,255})/.exec((header.get('from') ?? '').toLowerCase()) ?? []
  const told = lines.flatMap((line) => REPORTER.exec(line)?.[1] ?? [])
  const namesOf = (field: string) => valuesOf(lines, field).map(hostIn)
  const named = (hosts: ReturnType<typeof namesOf>) => hosts.flatMap(({ name, address }) => [name, address])
  const isNamed = (host: string) => host !== ''
  const clients = [...namesOf('received-from-mta'), ...lines.flatMap(clientsIn)]
  return {
    domain,
    reporters: [
      peer,
      ...named([helo.toLowerCase(), from, ...told].map(hostIn)),
      ...named(namesOf('reporting-mta')),
    ].filter(isNamed),
    clients: named(clients).filter(isNamed),
  }
}
