import { Expiring } from './expiring.ts'

/** What was done with an idempotency key: the test it opened, and a digest of what was asked. */
export interface Claim {
  readonly testId: string
  readonly fingerprint: string
}

/** Idempotency keys in use, each in the scope of its caller. */
export interface Claims {
  find(key: string): Promise<Claim | null>
  /** Takes the key for a test, or returns who has it. */
  take(key: string, claim: Claim): Promise<Claim | null>
  /** Begins the time of a key anew; without effect where it ran out, or another test has it. */
  renew(key: string, testId: string): Promise<void>
  /** Frees the key of a test that was not made; without effect where another test has it. */
  release(key: string, testId: string): Promise<void>
}

const LIMIT = 100_000

/** The keys of one replica. */
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
