/**
 * Hides the secrets of our test messages in text that a server wrote. A server may repeat what it was sent, in many
 * spellings, so its text is searched before anything else reads it.
 */

/** Stands for a hidden part of a text. */
const WITHHELD = '[withheld]'

/**
 * The rule: this many consecutive characters of a secret are hidden. Fewer are not: short pieces also occur in words.
 * Words of five letters decide verdicts. A word of six equals a piece of a secret once in ten million tests.
 */
const PIECE = 6

/**
 * A word with the form of a whole secret (mailbox/secret.ts). It is hidden too: a server may repeat the secret of a
 * test of another server, perhaps of another replica.
 */
const WHOLE = /(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])/gi

/** How many earlier characters are searched together with a line, to find a secret that is split over lines. */
const REMEMBERED = 96

/** A text as a sequence of characters, each with the place in the original text that spells it. */
interface Spelling {
  readonly text: string
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** The secrets of one test, and the end of what its server said last. */
export class Withheld {
  readonly #pieces = new Set<string>()
  #before = ''

  /** Hides these secrets from now on. A secret consists of letters and digits. */
  add(secrets: readonly string[]): void {
    for (const secret of secrets.map((text) => text.toLowerCase())) {
      const backwards = [...secret].reverse().join('')
      for (const text of [secret, backwards]) {
        for (let at = 0; at + PIECE <= text.length; at += 1) this.#pieces.add(text.slice(at, at + PIECE))
      }
    }
  }

  /**
   * Returns a text without the secrets. Takes linear time. Finds them forwards and backwards, in any case, divided by
   * punctuation or spaces, with escaped characters, in hex and in base64.
   */
  mask(text: string): string {
    const masked = this.#pieces.size === 0 ? text : this.#maskFrom(0, text)
    return masked.replace(WHOLE, WITHHELD)
  }

  /**
   * Returns the next line of a server without the secrets, and without the rest of a secret that began in an earlier
   * line. The reply code at its beginning does not count as text.
   */
  maskNext(line: string): string {
    if (this.#pieces.size === 0) return line.replace(WHOLE, WITHHELD)
    const [code = ''] = REPLY_CODE.exec(line) ?? []
    const text = line.slice(code.length)
    const masked = this.#maskFrom(this.#before.length, this.#before + text)
    this.#before = (this.#before + text).replace(/\s+/g, ' ').slice(-REMEMBERED)
    return code + masked.replace(WHOLE, WITHHELD)
  }

  /** Returns the part of a text that begins at an index, without the secrets. */
  #maskFrom(from: number, text: string): string {
    const hidden = new Uint8Array(text.length)
    for (const spelling of spellingsOf(text)) this.#mark(spelling, hidden)
    let shown = ''
    let start = from
    for (let at = from; at <= text.length; at += 1) {
      if (at < text.length && hidden[at] === 0) continue
      shown += text.slice(start, at)
      if (at < text.length) shown += WITHHELD
      while (hidden[at] === 1) at += 1
      start = at
    }
    return shown
  }

  /** Marks each place of the original text that spells a piece of a secret. */
  #mark({ text, starts, ends }: Spelling, hidden: Uint8Array): void {
    let marked = 0
    for (let at = 0; at + PIECE <= text.length; at += 1) {
      if (!this.#pieces.has(text.slice(at, at + PIECE))) continue
      const end = ends[at + PIECE - 1] ?? 0
      hidden.fill(1, Math.max(marked, starts[at] ?? 0), end)
      marked = end
    }
  }
}

/** The code of a reply line with its enhanced code, which stand on every line and would divide a secret. */
const REPLY_CODE = /^\d{3}[ -]?(?:\d\.\d{1,3}\.\d{1,3} )?/

/** Returns every way of reading a text that can spell a secret. Their number is constant. */
function spellingsOf(text: string): Spelling[] {
  const plain = fromPlain(text)
  return [
    plain,
    ...(/[%=+\\&]|0x/i.test(text) ? [fromEscaped(text)] : []),
    ...[0, 1].map((skip) => fromHex(plain, skip)),
    ...[0, 1, 2, 3].map((skip) => fromBase64(plain, skip)),
  ].map(lowered)
}

/**
 * Escaped characters: percent, quoted-printable, xtext (RFC 3461 section 4), our own `\xNN`, `0xNN` and HTML; and
 * characters that are not escaped.
 */
const ESCAPED = /(?:[%=+]|\\x|0x)[0-9a-f]{2}|&#(?:x[0-9a-f]{1,4}|\d{1,5});|[a-z0-9]/gi

/** Returns the code of the character that an escape stands for. */
function unescaped(unit: string): number {
  const isDecimal = unit.startsWith('&#') && !/^&#x/i.test(unit)
  const digits = unit.replace(/^(?:[%=+]|\\x|0x|&#x?)/i, '').replace(';', '')
  return Number.parseInt(digits, isDecimal ? 10 : 16)
}

/** Reads letters and digits as they are. Leaves out all other characters, so that they cannot divide a secret. */
function fromPlain(text: string): Spelling {
  const spelling = { text: '', starts: [] as number[], ends: [] as number[] }
  for (let at = 0; at < text.length; at += 1) append(spelling, text.charCodeAt(at), at, at + 1)
  return spelling
}

/** Reads letters and digits, and escaped characters as what they stand for. */
function fromEscaped(text: string): Spelling {
  const spelling = { text: '', starts: [] as number[], ends: [] as number[] }
  for (const { 0: unit, index } of text.matchAll(ESCAPED)) {
    append(spelling, unit.length === 1 ? unit.charCodeAt(0) : unescaped(unit), index, index + unit.length)
  }
  return spelling
}

/** Reads pairs of letters and digits as bytes in hex, beginning with the first or the second one. */
function fromHex({ text, starts, ends }: Spelling, skip: number): Spelling {
  const spelling = { text: '', starts: [] as number[], ends: [] as number[] }
  for (let at = skip; at + 1 < text.length; at += 2) {
    const code = Number.parseInt(text.charAt(at), 16) * 16 + Number.parseInt(text.charAt(at + 1), 16)
    append(spelling, Number.isNaN(code) ? DIVIDER : code, starts[at] ?? 0, ends[at + 1] ?? 0)
  }
  return spelling
}

/** Reads groups of four letters and digits as three bytes in base64, beginning with one of the first four. */
function fromBase64({ text, starts, ends }: Spelling, skip: number): Spelling {
  const spelling = { text: '', starts: [] as number[], ends: [] as number[] }
  const bytes = Buffer.from(text.slice(skip), 'base64')
  for (const [index, byte] of bytes.entries()) {
    const first = skip + Math.floor((index * 4) / 3)
    append(spelling, byte, starts[first] ?? 0, ends[first + 1] ?? 0)
  }
  return spelling
}

/** Marks a place where a text cannot be decoded. No secret contains it. */
const DIVIDER = 0xffff

interface Growing {
  text: string
  readonly starts: number[]
  readonly ends: number[]
}

/** Adds a character by its code, if it is a letter, a digit or a divider. */
function append(spelling: Growing, code: number, start: number, end: number): void {
  if (code !== DIVIDER && !isLetterOrDigit(code)) return
  spelling.text += String.fromCharCode(code)
  spelling.starts.push(start)
  spelling.ends.push(end)
}

const isLetterOrDigit = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)

const lowered = (spelling: Spelling): Spelling => ({ ...spelling, text: spelling.text.toLowerCase() })
