import type { Address } from '../ip/address.ts'
import type { Caller } from './callers.ts'
import type { Customer, Customers } from './customer.ts'
import { sandboxCustomerOf } from './sandbox-ids.ts'

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

/** The world of a caller in the sandbox: one customer, who holds the sandbox's addresses. */
export function sandboxCustomers(caller: Caller): Customers {
  const id = sandboxCustomerOf(caller.id)
  const customer: Customer = {
    id,
    name: 'The sandbox',
    networks: SANDBOX_ADDRESSES.map((address) => `${address}/32`),
    domains: ['example.com'],
    quota: caller.quota,
  }
  const isInside = ({ text }: Address) => SANDBOX_ADDRESSES.some((address) => address === text)
  return {
    all: new Map([[id, customer]]),
    testing: true,
    ownerOf: (address) => (isInside(address) ? { customer, allowSpecial: true } : null),
    isInside,
    isOptedOut: () => false,
  }
}
