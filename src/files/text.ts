/** Makes text of the bytes of a YAML file, and refuses a file that is damaged or not whole. */
import { FileFaults } from './faults.ts'
import type { FileContent } from './on-disk.ts'

/** The document end marker of YAML (YAML 1.2.2 section 9.1.2). */
const END_MARKER = '...'

const NOT_WHOLE =
  'the file must end in a line with three dots (...). Without that line, part of the file may be missing, and with it a neverTest entry or testing: false. If the file is whole, add the line at its end'

/** The control characters that a text has no use for. A file that was damaged often holds U+0000. */
const DAMAGE = /(?![\t\n\r\u0085])\p{Cc}/u

/** Returns the text of a YAML file. Throws FileFaults if it is no text, or if it does not end in the end marker. */
export function textOf({ path, bytes }: FileContent): string {
  const text = decoded(path, bytes)
  const damage = DAMAGE.exec(text)
  if (damage) {
    const code = damage[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw new FileFaults([`${path}:${lineAt(text, damage.index)}: the file is damaged: it has the character U+${code}`])
  }
  const trimmed = text.trimEnd()
  if (trimmed === END_MARKER || trimmed.endsWith(`\n${END_MARKER}`)) return text
  throw new FileFaults([`${path}:${lineAt(text, trimmed.length)}: ${NOT_WHOLE}`])
}

function decoded(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FileFaults([`${path}:1: the file: must be UTF-8 text`])
  }
}

/** Returns the number of the line that holds a place in a text. */
const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length
