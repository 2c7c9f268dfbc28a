/** Finds the enhanced status code of a reply (RFC 3463) in all places where servers write it. */

/** The code at the beginning of a line: `5.7.1 …` (RFC 2034), also `#5.7.1 …`, `(5.7.1) …` and `5.7.1: …`. */
const FIRST = /^[([]?#?([245]\.\d{1,3}\.\d{1,3})(?:[)\]:;,-]|(?= |$))/

/** The code elsewhere: `(#5.7.1)`, `#5.7.1`, `(5.7.1)` or `[5.7.1]`. No part of a longer number, such as an address. */
const BRACKETED = /(?:[([]#?|(?<![\w.])#)([245]\.[0-7]\.\d{1,3})(?=[)\]:;, ]|\.?$|\. )/

/** The code as the last word, unless it is a version. */
const LAST = /(?<!version|release|\bv) ([245]\.[0-7]\.\d{1,3})\.?$/

/**
 * Returns the enhanced status code of a reply, or null. Its class must match the reply code (RFC 2034 section 4).
 *
 * @param code the reply code
 * @param lines the lines of the reply, without the reply code
 */
export function enhancedCode(code: string, lines: readonly string[]): string | null {
  for (const place of [FIRST, BRACKETED, LAST]) {
    for (const line of lines) {
      const found = place.exec(line.trimEnd())?.[1]
      if (found !== undefined && found[0] === code[0]) return found
    }
  }
  return null
}
