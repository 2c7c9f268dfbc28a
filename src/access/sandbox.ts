import { parsePrefix } from '../ip/prefix.ts'
import { buildPrefixIndex } from '../ip/prefix-index.ts'
import type { Caller } from './callers.ts'
import type { Customer, Customers } from './customers.ts'

/** What a caller in the sandbox may test: documentation addresses (RFC 5737), behind each a recorded session. */
export const SANDBOX_ADDRESSES = [
  '192.0.2.1',
  '192.0.2.2',
  '192.0.2.3',
  '192.0.2.4',
  '192.0.2.5',
  '192.0.2.6',
  '192.0.2.7',
] as const
export type SandboxAddress = (typeof SANDBOX_ADDRESSES)[number]

/** How the ids of sandbox customers begin, and no others: each caller has one of its own, so that none sees another's tests. */
export const SANDBOX_PREFIX = 'sandbox-'

export const sandboxCustomerOf = (callerId: string): string => `${SANDBOX_PREFIX}${callerId}`

const NETWORKS = SANDBOX_ADDRESSES.map((text) => {
  const parsed = parsePrefix(`${text}/32`)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.prefix
})

/** The world of a caller in the sandbox: one customer, who holds the sandbox's addresses. */
export function sandboxCustomers(caller: Caller): Customers {
  const id = sandboxCustomerOf(caller.id)
  const customer: Customer = {
    id,
    name: 'The sandbox',
    networks: NETWORKS,
    domains: ['example.com'],
    quota: caller.quota,
  }
  const value = { customer, allowSpecial: true }
  const owners = buildPrefixIndex(NETWORKS.map((prefix) => ({ prefix, value })))
  return {
    all: new Map([[id, customer]]),
    testing: true,
    ownerOf: (address) => owners.find(address)?.value ?? null,
    isOptedOut: () => false,
  }
}
