/** Makes API keys, and the hashes that the callers file stores. */
import { createHash, randomBytes } from 'node:crypto'

/** A key is `rtk_` and 43 base64url characters: 256 random bits. */
const KEY = /^rtk_[A-Za-z0-9_-]{43}$/

/** Makes a new API key. */
export function makeKey(): string {
  return `rtk_${randomBytes(32).toString('base64url')}`
}

/**
 * Returns the SHA-256 of a key in hex, as in callers.yaml, or null if the text is no key. A fast hash is enough,
 * because nobody can guess 256 random bits. A slow hash would let strangers use up our CPU.
 */
export function hashKey(key: string): string | null {
  return KEY.test(key) ? createHash('sha256').update(key).digest('hex') : null
}
