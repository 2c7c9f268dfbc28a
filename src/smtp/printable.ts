/** Makes text from a server safe to show, store and log, and decodes it to Unicode so that it can be judged. */

/**
 * Returns bytes as printable ASCII. Every other byte, and the backslash, becomes `\xNN`, so that nothing is lost.
 *
 * @param bytes the bytes, or a string with one byte per character (latin1)
 */
export function printable(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1')
  return text.replace(/[^\x20-\x5b\x5d-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Reverses `printable`: returns the bytes of a text, as a string with one byte per character. */
export const unprinted = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Returns bytes as Unicode: as UTF-8 if they are valid UTF-8, else as Latin-1 with the apostrophes of Windows-1252.
 *
 * @param bytes a string with one byte per character (latin1)
 */
export function decodedText(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  try {
    return UTF8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes.replace(/[\x91\x92]/g, "'")
  }
}
