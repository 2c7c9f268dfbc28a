import { createHash, randomBytes } from 'node:crypto'

/** A key as callers send it: `rtk_` and 43 base64url characters, that is 256 random bits. */
const KEY = /^rtk_[A-Za-z0-9_-]{43}$/

/** A new API key. */
export function makeKey(): string {
  return `rtk_${randomBytes(32).toString('base64url')}`
}

/**
 * SHA-256 of a key in hex, as callers.yaml holds it, or null for what cannot be a key. A plain hash is enough: there is
 * nothing to guess in 256 random bits, and a slow one would let strangers burn CPU.
 */
export function hashKey(key: string): string | null {
  return KEY.test(key) ? createHash('sha256').update(key).digest('hex') : null
}
