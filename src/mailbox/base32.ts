/** Base32 (RFC 4648 section 6) in lower case: safe in a mail address, which must survive changes of case. */

/** The alphabet. Each character stands for five bits. */
export const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** Encodes bytes without padding. Expects a multiple of five bytes. */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31]
    held &= 31
  }
  return text
}
