import { Expiring } from './expiring.ts'

/** Who is testing an address. */
export interface LeaseHolder {
  readonly testId: string
  readonly customerId: string
}

/** The right to be the one test on a target. */
export interface Leases {
  /** Takes the lease for `ttlMs`, or returns who has it. */
  acquire(address: string, holder: LeaseHolder, ttlMs: number): Promise<LeaseHolder | null>
  /** Gives the lease back; without effect where it ran out and another test has it now. */
  release(address: string, testId: string): Promise<void>
  /** Who has the lease now. */
  holder(address: string): Promise<LeaseHolder | null>
}

/** Far more than tests that can run at once. */
const LIMIT = 100_000

/** Leases of one replica. */
export function memoryLeases(): Leases {
  const held = new Expiring<LeaseHolder>(LIMIT)
  return {
    async acquire(address, holder, ttlMs) {
      const current = held.get(address)
      if (current === null) held.set(address, holder, ttlMs)
      return current
    },
    async release(address, testId) {
      if (held.get(address)?.testId === testId) held.delete(address)
    },
    async holder(address) {
      return held.get(address)
    },
  }
}
