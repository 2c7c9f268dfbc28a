/** Makes text safe inside XML and HTML. */
import { oneLine } from '../one-line.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Half of a character (a lone surrogate), and characters that XML does not allow. */
const NOT_TEXT = /\p{Surrogate}|[\uFFFE\uFFFF]/gu

/** Returns text that is safe between tags and in attributes, without characters that XML forbids. */
export const escaped = (text: string): string =>
  oneLine(text)
    .replace(NOT_TEXT, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
