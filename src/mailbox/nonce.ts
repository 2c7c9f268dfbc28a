/** Makes nonces: a nonce is a secret in the test message. If it comes back, the message was delivered. */
import { randomBytes } from 'node:crypto'
import { BASE32 } from './base32.ts'

const LENGTH = 26

/** The form of a nonce in a text. */
export const NONCE = /\b[a-z2-7]{26}\b/g

/** Makes a nonce of 26 base32 characters (130 random bits). It must not appear in any output. */
export function makeNonce(): string {
  return Array.from(randomBytes(LENGTH), (byte) => BASE32[byte & 31]).join('')
}
