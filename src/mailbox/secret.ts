/** Makes the secrets of test messages. If a secret comes back, the message was delivered, or returned. */
import { randomBytes } from 'node:crypto'
import { BASE32 } from './base32.ts'

const LENGTH = 26

/** Matches a secret in a text, in upper or lower case, because mail servers may change the case. */
export const SECRET = /\b[a-z2-7]{26}\b/gi

/** Matches a secret inside a longer word. */
export const SECRET_INSIDE = /[a-z2-7]{26,}/gi

/** Makes a secret of 26 base32 characters (130 random bits). It must not appear in any output. */
export function makeSecret(): string {
  return Array.from(randomBytes(LENGTH), (byte) => BASE32[byte & 31]).join('')
}
