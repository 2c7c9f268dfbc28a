/** Makes text from a server safe to show, store and log. */

/**
 * Returns bytes as printable ASCII. Every other byte, and the backslash, becomes `\xNN`, so that nothing is lost.
 *
 * @param bytes the bytes, or a string with one byte per character (latin1)
 */
export function printable(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1')
  return text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
