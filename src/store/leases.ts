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
}

/** Leases of one replica. There are never more than tests running. */
export function memoryLeases(): Leases {
  const held = new Map<string, LeaseHolder & { expiresAt: number }>()
  return {
    async acquire(address, holder, ttlMs) {
      const current = held.get(address)
      if (current && performance.now() < current.expiresAt) return current
      held.set(address, { ...holder, expiresAt: performance.now() + ttlMs })
      return null
    },
    async release(address, testId) {
      if (held.get(address)?.testId === testId) held.delete(address)
    },
  }
}
