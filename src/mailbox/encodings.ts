/** Undoes the encodings that mail servers may give to a message (RFC 2045 section 6). One byte per character. */

/** Returns a text without its transfer encoding. An unknown encoding changes nothing. */
export function withoutEncoding(text: string, encoding: string): string {
  if (encoding === 'quoted-printable') return fromQuotedPrintable(text)
  return encoding === 'base64' ? Buffer.from(text, 'base64').toString('latin1') : text
}

/** Reads bytes, one per character, as text: in their charset, else as UTF-8, else as Latin-1. */
export function inUnicode(bytes: string, charset: string): string {
  for (const label of [charset, 'utf-8']) {
    try {
      return new TextDecoder(label, { fatal: true }).decode(Buffer.from(bytes, 'latin1'))
    } catch {
      // The charset is unknown, or the text is in another one.
    }
  }
  return bytes
}

/** Decodes the encoded words of a header field (RFC 2047). */
export function decodedWords(field: string): string {
  return field
    .replace(/\?=\s{1,9}=\?/g, '?==?')
    .replace(/=\?([^?\s]{1,40})\?([bq])\?([^?\s]{0,200})\?=/gi, (_word, charset: string, how: string, text: string) => {
      const isBase64 = how.toLowerCase() === 'b'
      return inUnicode(
        isBase64 ? withoutEncoding(text, 'base64') : fromQuotedPrintable(text.replaceAll('_', ' ')),
        charset,
      )
    })
}

/** Decodes quoted-printable: removes soft line breaks, and turns `=HH` into characters. */
export function fromQuotedPrintable(text: string): string {
  return withoutSoftBreaks(text).replace(/=[0-9a-f]{2}/gi, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  )
}

/** Returns a text without soft line breaks. A mail server can break lines like this, even inside a word. */
export const withoutSoftBreaks = (text: string): string => text.replace(/=[ \t]*\r?\n/g, '')

/** A line that can be base64, perhaps quoted with `>`. */
const BASE64_LINE = /^[> \t]*([A-Za-z0-9+/]{4,}={0,2})[ \t]*$/

/** How many characters of base64 a text needs that contains a secret of 26 characters. */
const SHORTEST_BLOCK = 35

/** Returns the text of every block of lines that can be base64, and is long enough for a secret. */
export function base64Blocks(text: string): string[] {
  const blocks: string[][] = [[]]
  for (const line of text.split(/\r?\n/)) {
    const [, encoded] = BASE64_LINE.exec(line) ?? []
    if (encoded !== undefined) blocks.at(-1)?.push(encoded)
    else if (blocks.at(-1)?.length !== 0) blocks.push([])
  }
  return blocks
    .map((block) => block.join(''))
    .filter((block) => block.length >= SHORTEST_BLOCK)
    .map((block) => Buffer.from(block, 'base64').toString('latin1'))
}
