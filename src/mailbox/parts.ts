/**
 * Divides a message into its parts (RFC 2046), without the copy of another message that a report returns. Reads broken
 * messages too, in linear time.
 */
import { inUnicode, withoutEncoding } from './encodings.ts'

/** Header fields by their names in lower case, unfolded. Of several fields with one name, the first. */
export type Header = ReadonlyMap<string, string>

/** A part that is text: its content type in lower case, and its text in Unicode. */
export interface Part {
  readonly type: string
  readonly text: string
}

/** Parts that are nested deeper than this are not read. Reports have two levels at most. */
const DEEPEST = 16
/** How much of a header field is read, in characters. */
const LONGEST_FIELD = 1_024

/** Divides a message, one byte per character, into the header and the parts that are text. */
export function partsOfMessage(message: string): { readonly header: Header; readonly parts: readonly Part[] } {
  const boundaries: string[] = []
  const parts: Part[] = []
  const top = new Map<string, string>()
  let fields = top
  let last = ''
  let content: string[] | null = null
  let isHeader = true
  const end = () => {
    if (content) {
      const bytes = withoutEncoding(content.join('\n'), encodingOf(fields))
      parts.push({ type: typeOf(fields), text: inUnicode(bytes, charsetOf(fields)) })
    }
    content = null
  }
  for (const line of message.split(/\r?\n/)) {
    const delimiter = line.startsWith('--') ? delimiterIn(line.trimEnd(), boundaries) : null
    if (delimiter) {
      end()
      boundaries.length = delimiter.depth
      isHeader = !delimiter.closes
      if (isHeader) fields = new Map()
    } else if (isHeader && line === '') {
      isHeader = false
      const boundary = boundaryOf(fields)
      if (boundary !== null) boundaries.push(...(boundaries.length < DEEPEST ? [boundary] : []))
      else if (READ.test(typeOf(fields))) content = []
    } else if (isHeader) last = addField(fields, last, line)
    else content?.push(line)
  }
  end()
  return { header: top, parts }
}

/** Adds a line of a header, and returns the name of its field. */
function addField(fields: Map<string, string>, last: string, line: string): string {
  if (/^[ \t]/.test(line)) {
    const value = fields.get(last) ?? ''
    if (value.length < LONGEST_FIELD) fields.set(last, `${value} ${line.trim()}`)
    return last
  }
  const colon = Math.max(0, line.indexOf(':'))
  const name = line.slice(0, colon).trim().toLowerCase()
  if (!fields.has(name))
    fields.set(
      name,
      line
        .slice(colon + 1)
        .trim()
        .slice(0, LONGEST_FIELD),
    )
  return name
}

/** The parts that are read. Others are not text, or are the copy of a message. */
const READ = /^(?:text\/(?!rfc822)|message\/(?:global-)?delivery-status|multipart\/)/

const typeOf = (fields: Header): string => {
  const [type = ''] = (fields.get('content-type') ?? '').toLowerCase().split(';')
  return type.includes('/') ? type.trim() : 'text/plain'
}

const charsetOf = (fields: Header): string =>
  /;\s?charset\s?=\s?"?([^\s";]{1,40})/i.exec(fields.get('content-type') ?? '')?.[1] ?? ''

const encodingOf = (fields: Header): string => (fields.get('content-transfer-encoding') ?? '').trim().toLowerCase()

/** Returns the boundary of a multipart, or null. */
function boundaryOf(fields: Header): string | null {
  if (!typeOf(fields).startsWith('multipart/')) return null
  const [, quoted, bare] =
    /;\s?boundary\s?=\s?(?:"([^"]{1,200})"|([^\s";]{1,200}))/i.exec(fields.get('content-type') ?? '') ?? []
  return quoted ?? bare ?? null
}

/** Finds the multipart that a line belongs to. `depth` is the number of multiparts that stay open. */
function delimiterIn(line: string, boundaries: readonly string[]): { depth: number; closes: boolean } | null {
  for (let index = boundaries.length - 1; index >= 0; index -= 1) {
    if (line === `--${boundaries[index]}`) return { depth: index + 1, closes: false }
    if (line === `--${boundaries[index]}--`) return { depth: index, closes: true }
  }
  return null
}

/** Returns the values of the fields with a name, among lines in lower case. */
export const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim())
