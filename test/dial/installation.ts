/** The customers, callers and vantages of the dial tests, in one table for the service and for Python. */
import { callersYaml, keyOf } from '../harness/http.ts'

/**
 * A network of a customer. The networks below are nested across customers, lie beside and inside special-purpose
 * ranges, and contain addresses of this machine.
 */
export interface Network {
  readonly cidr: string
  readonly allowSpecial?: true
  readonly allowWide?: true
}

interface CustomerRow {
  readonly id: string
  readonly domains: readonly string[]
  readonly networks: readonly Network[]
}

const plain = (...cidrs: readonly string[]): Network[] => cidrs.map((cidr) => ({ cidr }))
const special = (...cidrs: readonly string[]): Network[] => cidrs.map((cidr) => ({ cidr, allowSpecial: true }))

export const CUSTOMERS: readonly CustomerRow[] = [
  {
    id: 'alpha',
    domains: ['example.com'],
    networks: [...plain('93.184.0.0/16', '2606:2800::/32'), { cidr: '93.200.0.0/14', allowWide: true }],
  },
  { id: 'beta', domains: ['example.net'], networks: plain('93.184.216.0/24', '2606:2800:220::/48') },
  {
    id: 'gamma',
    domains: ['example.org', 'mail.example.org'],
    networks: [
      ...plain('93.184.216.128/25'),
      ...special('203.0.113.0/24', '2001:db8:25::/48', '10.20.0.0/16', '169.254.169.0/25', 'fd00:25::/32'),
    ],
  },
  {
    id: 'delta',
    domains: ['example.edu'],
    networks: [
      ...plain('8.8.8.8/32', '2001:4860:4860::8888/128', '93.184.216.200/32'),
      ...special('203.0.113.64/26', '4321::/32'),
      { cidr: '198.18.0.0/15', allowSpecial: true, allowWide: true },
    ],
  },
  {
    id: 'epsilon',
    domains: [],
    networks: [
      ...plain('1.1.1.0/24', '11.0.0.0/16', '9.255.0.0/16', '100.63.255.0/24', '126.255.255.0/24', '128.0.0.0/24'),
      ...plain('223.255.255.0/24', '2000::/32', '2001:200::/32', '2003::/32', '2620:4f:8001::/48'),
      ...plain('3ffd:ffff::/32', '3fff:1000::/32', '2400:cb00:1::/64'),
    ],
  },
]

export const CALLERS: readonly { readonly id: string; readonly key: string; readonly customers: 'all' | string[] }[] = [
  { id: 'desk', key: keyOf('d'), customers: 'all' },
  { id: 'one', key: keyOf('o'), customers: ['alpha'] },
  { id: 'pair', key: keyOf('p'), customers: ['beta', 'gamma'] },
  { id: 'rest', key: keyOf('r'), customers: ['delta', 'epsilon', 'nobody'] },
  { id: 'none', key: keyOf('n'), customers: [] },
]

export const NEVER_TEST = [
  ...['93.184.216.77/32', '203.0.113.240/28', '1.1.1.1/32', '93.203.0.0/16', '2606:2800:220:dead::/64'],
  ...['2001:db8:25::77/128'],
] as const

/** The addresses that tests come from. They are in no customer's network. */
export const VANTAGE = ['9.9.9.7', '2a00:1450::7'] as const

/** The addresses of this machine and its helpers, which must never be dialled. Most are in customers' networks. */
export const OWN = {
  /** Addresses on the interfaces of the namespace, besides loopback. */
  interfaces: [...VANTAGE, '93.184.216.9', '203.0.113.9', '2606:2800:220::9', '2001:db8:25::9'],
  /** Addresses of the host in REDIS_URL. */
  redis: [] as readonly string[],
  /** Addresses that serve or receive metrics. */
  metrics: [] as readonly string[],
}

export const OWN_ADDRESSES: readonly string[] = Object.values(OWN).flat()

const yamlNetwork = ({ cidr, ...flags }: Network): string => JSON.stringify({ cidr, ...flags })

/** The files of the service. */
export const FILES = {
  customers: [
    'customers:',
    ...CUSTOMERS.flatMap(({ id, domains, networks }) => [
      `  - id: ${id}`,
      `    name: ${id}`,
      `    domains: ${JSON.stringify(domains)}`,
      `    networks: [${networks.map(yamlNetwork).join(', ')}]`,
    ]),
    `neverTest: ${JSON.stringify(NEVER_TEST)}`,
    '',
  ].join('\n'),
  callers: callersYaml(
    CALLERS.map(({ id, key, customers }) => ({
      id,
      key,
      customers: customers === 'all' ? customers : JSON.stringify(customers),
    })),
  ),
  vantages: `vantages: [{ name: proof, ehlo: relaytest.isp.example, bind: ${JSON.stringify(VANTAGE)} }]\n`,
}

/** The same table as input of the oracle. */
export const FOR_ORACLE = {
  customers: CUSTOMERS,
  callers: Object.fromEntries(CALLERS.map(({ id, customers }) => [id, customers])),
  neverTest: NEVER_TEST,
  own: OWN_ADDRESSES,
  port: 25,
}
