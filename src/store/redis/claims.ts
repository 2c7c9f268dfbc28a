/** Idempotency keys in Redis. */
import type { Redis } from 'ioredis'
import type { Claim, Claims } from '../claims.ts'
import { replyTo } from './connection.ts'
import { DELETE_IF_OWN, RENEW_IF_OWN } from './scripts.ts'

const keyOf = (key: string) => `claim:${key}`

/** The value is `testId fingerprint`. A test deletes a value only if it begins with its own id. */
const textOf = ({ testId, fingerprint }: Claim) => `${testId} ${fingerprint}`

function claimIn(text: string | null): Claim | null {
  const [testId, fingerprint] = text?.split(' ') ?? []
  return testId !== undefined && fingerprint !== undefined ? { testId, fingerprint } : null
}

/** Returns the claims of all replicas. */
export const redisClaims = (redis: Redis, ttlMs: number): Claims => ({
  async find(key) {
    return claimIn(await replyTo(redis.get(keyOf(key))))
  },
  async take(key, claim) {
    return claimIn(await replyTo(redis.set(keyOf(key), textOf(claim), 'PX', ttlMs, 'NX', 'GET')))
  },
  async renew(key, testId) {
    await replyTo(redis.eval(RENEW_IF_OWN, 1, keyOf(key), `${testId} `, ttlMs))
  },
  async release(key, testId) {
    await replyTo(redis.eval(DELETE_IF_OWN, 1, keyOf(key), `${testId} `))
  },
})
