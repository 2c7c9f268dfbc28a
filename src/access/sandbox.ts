/** Defines the addresses of the sandbox, and the customer that owns them for each caller. */
import type { Quota } from '../contract/limits.ts'
import type { Address } from '../ip/address.ts'
import type { Customer, Customers } from './customer.ts'

/** The addresses of the sandbox: documentation addresses (RFC 5737), with a recorded session behind each. */
export const SANDBOX_ADDRESSES = [
  '192.0.2.1',
  '192.0.2.2',
  '192.0.2.3',
  '192.0.2.4',
  '192.0.2.5',
  '192.0.2.6',
  '192.0.2.7',
  '192.0.2.8',
] as const
export type SandboxAddress = (typeof SANDBOX_ADDRESSES)[number]

/** Returns the customers that a caller in the sandbox sees: one, which owns all addresses of the sandbox. */
export function sandboxCustomers(id: string, quota: Quota | null): Customers {
  const customer: Customer = {
    id,
    name: 'The sandbox',
    networks: SANDBOX_ADDRESSES.map((address) => `${address}/32`),
    domains: ['example.com'],
    mailboxes: [],
    quota,
  }
  const isInside = ({ text }: Address) => SANDBOX_ADDRESSES.some((address) => address === text)
  return {
    all: new Map([[id, customer]]),
    testing: true,
    ownerOf: (address) => (isInside(address) ? { customer, allowSpecial: true } : null),
    isInside,
    isOptedOut: () => false,
    serversOf: () => SANDBOX_ADDRESSES.map((ip) => ({ ip, port: 25, domain: null })),
  }
}
