import { randomBytes } from 'node:crypto'
import { BASE32 } from './base32.ts'

const LENGTH = 26

/** What proves that a message arrived: 26 lower-case base32 characters, 130 random bits. It belongs in no output. */
export function makeNonce(): string {
  return Array.from(randomBytes(LENGTH), (byte) => BASE32[byte & 31]).join('')
}
