/** Makes sure that no two tests of the same IP address run at the same time. */
import { Expiring } from './expiring.ts'

/** The test that has the lease of an address. */
export interface LeaseHolder {
  readonly testId: string
  readonly customerId: string
  /** Whether the holder is a follow-up: its test has finished before. */
  readonly isFollowUp?: boolean
}

/** A lease is the right to run the only test of an IP address, on any port. */
export interface Leases {
  /**
   * Takes the lease for `ttlMs` and returns null, or returns the holder. Throws MemoryLost while nothing may be taken.
   */
  acquire(address: string, holder: LeaseHolder, ttlMs: number): Promise<LeaseHolder | null>
  /** Gives the lease back. Does nothing if the lease has expired and another test holds it. */
  release(address: string, testId: string): Promise<void>
  /** Returns the holder of the lease, or null. */
  holder(address: string): Promise<LeaseHolder | null>
}

/** Far more than the tests that can run at once. */
const LIMIT = 100_000

/** Returns leases in the memory of one replica. */
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
