/** The characters of RFC 4648 section 6, in lower case: five bits each. */
export const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** The characters that so many bytes are, the first bit first; without padding, so that whole groups of five bytes are expected. */
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
