/** Idempotency keys in Redis. */
import type { Redis } from 'ioredis'
import type { Claim, Claims } from '../claims.ts'
import { replyTo } from './connection.ts'
import { type Ledger, LOST } from './ledger.ts'

const keyOf = (key: string) => `claim:${key}`

/** The value is `testId fingerprint`. A test deletes a value only if it begins with its own id. */
const textOf = ({ testId, fingerprint }: Claim) => `${testId} ${fingerprint}`

function claimIn(text: string | null): Claim | null {
  const [testId, fingerprint] = text?.split(' ') ?? []
  return testId !== undefined && fingerprint !== undefined ? { testId, fingerprint } : null
}

/** Returns the claims of all replicas. */
export const redisClaims = (redis: Redis, ledger: Ledger, ttlMs: number): Claims => ({
  async find(key) {
    return claimIn(await replyTo(redis.get(keyOf(key))))
  },
  async take(key, claim) {
    const held = await ledger.take(keyOf(key), textOf(claim), ttlMs)
    return held === LOST ? LOST : claimIn(held)
  },
  renew: (key, testId) => ledger.renew(keyOf(key), `${testId} `, ttlMs),
  release: (key, testId) => ledger.release(keyOf(key), `${testId} `),
})
