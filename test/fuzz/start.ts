/** Starts what a fuzzing run needs: the service, its callers, and mail servers. */
import { Agent } from 'node:http'
import { dnsServer } from '../harness/dns-server.ts'
import { bearer, keyOf, resultOf } from '../harness/http.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { type Ending, KEYS, startService, type TestService } from '../harness/service.ts'
import { hostileServer } from '../hostile/server.ts'
import { fuzzService } from './fuzz-service.ts'

/** All customers are on loopback, so no generated request can dial anything else. */
const CUSTOMERS = `
customers:
  - { id: acme, name: Acme, networks: [127.0.0.0/24], domains: [example.com, example.net] }
  - { id: beta, name: Beta, networks: [127.0.1.0/24] }
  - { id: gamma, name: Gamma, networks: [127.0.2.0/24], domains: [example.org] }
neverTest: [127.0.0.99/32]
`

/** The addresses of the mail servers. There are many, because one address takes one test at a time. */
const HOSTS = ['127.0.0.10', ...Array.from({ length: 23 }, (_, index) => `127.0.0.${11 + index}`)] as const

export interface Fuzzing {
  readonly service: TestService
  /** How many connections the mail servers have got. */
  dialled(): number
  /** Sends a number of generated requests; see `fuzzService`. */
  fuzz(requests: number, seed: number): Promise<Record<string, number>>
}

/** Starts the built service, with mail servers that it may test, to be fuzzed. */
export async function startFuzzing(t: Ending): Promise<Fuzzing> {
  const peaceful = { pipelining: true, script: () => undefined } as const
  const [host, ...more] = HOSTS
  const first = await hostileServer(t, { ...peaceful, host })
  const others = more.map((other) => hostileServer(t, { ...peaceful, host: other, port: first.port }))
  const servers = [first, ...(await Promise.all(others))]
  const ports = [first.port, await deadPort()]
  const dns = await dnsServer(t, {
    'example.com': { mx: [[10, 'mail.example.com']] },
    'mail.example.com': { a: [host], aaaa: ['2001:db8::25'] },
  })
  const service = await startService(t, {
    customers: CUSTOMERS,
    env: {
      DNS_SERVERS: dns.address,
      ALLOWED_PORTS: ports.join(','),
      RESULT_TTL_SECONDS: '60',
      LOG_LEVEL: 'info',
    },
  })
  const known = await resultOf(await service.post({ ip: host, port: first.port }, bearer(KEYS.desk)))
  const hints = {
    ip: [...HOSTS, ...HOSTS, '127.0.0.1', '127.0.0.99', '127.0.3.1', '10.0.0.1', '::1', '203.0.113.25'],
    port: [first.port, ...ports],
    customerId: ['acme', 'acme', 'acme', 'acme', 'beta', 'nobody'],
    domain: ['example.com', 'example.com', 'mail.example.com', 'example.net', 'example.org'],
    knownMailbox: ['jane@example.com', 'postmaster@example.net', 'jane@example.org', 'a%b@example.com', 'jane'],
    suite: ['standard'],
    proof: ['message', 'recipient'],
    name: ['example.com', 'mail.example.com', host, 'no-such-name.example.com'],
    after: ['acme', 'nobody'],
    id: [known.id],
    prefer: ['respond-async'],
    'idempotency-key': ['first', 'second', 'third'],
  }
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const callers = { good: [KEYS.partner, KEYS.desk], bad: [`Bearer ${keyOf('x')}`, `Basic ${KEYS.desk}`, 'Bearer'] }
  return {
    service,
    dialled: () => servers.reduce((sum, { peers }) => sum + peers.length, 0),
    fuzz: (requests, seed) => fuzzService({ url: service.url, agent, requests, seed, hints, callers }),
  }
}
