/** Mail servers on loopback that several files use: those of one domain, and those of several customers. */
import { dnsServer } from '../harness/dns-server.ts'
import { bearer, callersYaml, keyOf } from '../harness/http.ts'
import { closed, open as relays } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { type Ending, startService } from '../harness/service.ts'
import { SWEEP_CALLERS } from '../harness/sweeps.ts'

/**
 * Starts a domain with two mail hosts, each with an IPv4 and an IPv6 address, and a service that may test them. One
 * of the four is open.
 */
export async function severalServers(t: Ending) {
  const key = keyOf('s')
  const server = await scriptedServer(t, { say: closed }, { hosts: ['127.0.0.1', '127.0.0.2'] })
  const { port } = server
  await scriptedServer(t, { say: relays }, { hosts: ['::1'], port })
  const dns = await dnsServer(t, {
    'example.com': {
      mx: [
        [10, 'mx1.example.com'],
        [20, 'mx2.example.com'],
      ],
    },
    'mx1.example.com': { a: ['127.0.0.1'], aaaa: ['::1'] },
    'mx2.example.com': { a: ['127.0.0.2'] },
  })
  const service = await startService(t, {
    callers: callersYaml([{ id: 'support-desk', key, customers: 'all' }]),
    customers:
      "customers: [{ id: acme, name: Acme, networks: [127.0.0.0/24, '::1/128'], domains: [example.com] }]\nneverTest: []\n",
    env: { ALLOWED_PORTS: `${port}`, DNS_SERVERS: dns.address },
  })
  return { service, key, name: 'example.com', headers: bearer(key) }
}

/**
 * Starts one server for each customer, and a service whose list has them. A server relays as long as its address is in
 * `relaying`. Give each an address in a network of its own, so that no test waits for another.
 */
export async function sweepServers(t: Ending, servers: Readonly<Record<string, string>>, open: readonly string[]) {
  const relaying = new Set(open)
  const { port } = await scriptedServer(
    t,
    { say: (line, session) => (relaying.has(session.address) ? relays : closed)(line, session) },
    { hosts: Object.values(servers) },
  )
  const customers = Object.entries(servers).map(([id, ip]) => {
    const owns = `networks: [${ip}/32], domains: [${id}.example], servers: [{ ip: ${ip}, port: ${port}, domain: ${id}.example }]`
    return `  - { id: ${id}, name: ${id}, ${owns} }\n`
  })
  const service = await startService(t, {
    callers: SWEEP_CALLERS,
    customers: `customers:\n${customers.join('')}neverTest: []\n`,
    env: { ALLOWED_PORTS: `${port}` },
  })
  return { service, port, relaying }
}
