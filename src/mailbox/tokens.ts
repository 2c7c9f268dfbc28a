import { createHmac } from 'node:crypto'
import { base32 } from './base32.ts'

/** What a token stands for. */
export interface TokenSubject {
  readonly customer: string
  readonly address: string
  readonly port: number
  /** A form, or `sender` for the sender that all forms of a test share. */
  readonly form: string
}

const TOKEN_BYTES = 10

/**
 * The local part of a test address: 16 base32 characters, the same for a day (UTC), so that a later test is the same
 * greylisting triplet, and not to be guessed without the key.
 */
export function tokenFor(key: string, { customer, address, port, form }: TokenSubject, now: Date): string {
  const day = now.toISOString().slice(0, 10)
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([customer, address, port, form, day]))
    .digest()
  return base32(digest.subarray(0, TOKEN_BYTES))
}

/** Whether a lower-case text has the shape of a token; whose it is, only who gave it out knows. */
export function isToken(text: string): boolean {
  return /^[a-z2-7]{16}$/.test(text)
}
