/** Makes tokens. A token is the local part of a test address: it stands for a target and a form on one day. */
import { createHmac } from 'node:crypto'
import { base32 } from './base32.ts'

/** The customer, the target and the form that a token stands for. */
export interface TokenSubject {
  readonly customer: string
  readonly address: string
  readonly port: number
  /** The id of a form; `sender` for the sender address that all forms of a test share. */
  readonly form: string
}

const TOKEN_BYTES = 10

/**
 * Makes a token: 16 base32 characters that nobody can guess without the key. The token stays the same for one day
 * (UTC), so that a server with greylisting recognizes a second test.
 */
export function tokenFor(key: string, { customer, address, port, form }: TokenSubject, now: Date): string {
  const day = now.toISOString().slice(0, 10)
  const digest = createHmac('sha256', key)
    .update(JSON.stringify([customer, address, port, form, day]))
    .digest()
  return base32(digest.subarray(0, TOKEN_BYTES))
}

/** Tells whether a lower-case text looks like a token. The stores know which tokens are valid. */
export function isToken(text: string): boolean {
  return /^[a-z2-7]{16}$/.test(text)
}
