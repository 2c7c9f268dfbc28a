/** Remembers which test each idempotency key started. */
import { Expiring } from './expiring.ts'

/** The use of an idempotency key: the test that it started, and a digest of the request. */
export interface Claim {
  readonly testId: string
  readonly fingerprint: string
}

/** The idempotency keys in use. A key contains the id of its caller. */
export interface Claims {
  find(key: string): Promise<Claim | null>
  /**
   * Takes the key for a test and returns null, or returns the claim that already has the key. Returns `lost` if the key
   * was used, but it is not known for which test. Throws MemoryLost while nothing may be taken.
   */
  take(key: string, claim: Claim): Promise<Claim | 'lost' | null>
  /** Restarts the lifetime of a key. Does nothing if the key has expired, or belongs to another test. */
  renew(key: string, testId: string): Promise<void>
  /** Frees the key of a test that did not start. Does nothing if the key belongs to another test. */
  release(key: string, testId: string): Promise<void>
}

const LIMIT = 100_000

/** Returns claims in the memory of one replica. */
export function memoryClaims(ttlMs: number): Claims {
  const taken = new Expiring<Claim>(LIMIT)
  return {
    async find(key) {
      return taken.get(key)
    },
    async take(key, claim) {
      const current = taken.get(key)
      if (current === null) taken.set(key, claim, ttlMs)
      return current
    },
    async renew(key, testId) {
      const current = taken.get(key)
      if (current?.testId === testId) taken.set(key, current, ttlMs)
    },
    async release(key, testId) {
      if (taken.get(key)?.testId === testId) taken.delete(key)
    },
  }
}
