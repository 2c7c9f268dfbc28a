/** Reads SMTP replies from the bytes of a server that may be broken or hostile. */

import { enhancedCode } from './enhanced-code.ts'
import { decodedText, printable } from './printable.ts'

/** One SMTP reply (RFC 5321 section 4.2). `lines` is the text after the code, as printable ASCII. */
export interface Reply {
  readonly code: number
  /** The enhanced status code (RFC 3463) such as `5.7.1`, or null. */
  readonly enhanced: string | null
  readonly lines: readonly string[]
  /**
   * The same text as the server sent it: Unicode, its lines joined by spaces. It is judged and never shown. A text of
   * more than 16,384 characters is kept without its middle.
   */
  readonly words: string
}

/**
 * The most that we read from a server, in bytes; `lines` is the number of lines in a reply. RFC 5321 section 4.5.3.1.5
 * allows 512 octets in a reply line. Real servers send more, and attackers much more.
 */
export const CAPS = { line: 4 * 1024, lines: 128, reply: 64 * 1024, connection: 256 * 1024 } as const

/** The parser's output: a line for the transcript, a whole reply, or a fault. Nothing follows a fault. */
export type ReplyEvent =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'fault'; readonly fault: string }

const TOO_MUCH = {
  line: `a reply line is longer than ${CAPS.line} bytes`,
  reply: `a reply is longer than ${CAPS.reply} bytes`,
  connection: `the server sent more than ${CAPS.connection} bytes on one connection`,
} as const

/** How much of a line that is too long goes into the transcript, in bytes. */
const EXCERPT = 512

/** How much of a reply we keep to show it, in characters. */
const ABRIDGED = 4 * 1024

/** How much of the beginning and of the end of a reply we keep to judge it, in characters. */
const JUDGED = 8 * 1024

/** Returns a reply with the first 4,096 characters of its lines. Its words stay as they are. */
export function abridged(reply: Reply): Reply {
  const lines: string[] = []
  let room = ABRIDGED
  for (const line of reply.lines) {
    if (room <= 0) break
    lines.push(line.slice(0, room))
    room -= line.length
  }
  return { ...reply, lines }
}

const LF = 0x0a
const CR = 0x0d
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s

/**
 * Reads SMTP replies from bytes as they arrive, in linear time and limited memory. Never throws. Ignores everything
 * after a fault. CRLF and a bare LF end a line; a bare CR does not.
 */
export class ReplyParser {
  #pending: Buffer[] = []
  #pendingBytes = 0
  #replyBytes = 0
  #connectionBytes = 0
  #code: string | null = null
  #texts: string[] = []
  #faulted = false
  readonly #clean: (line: string) => string

  /** @param clean takes the secrets out of each line, one byte per character, before anything is read from it */
  constructor(clean: (line: string) => string = (line) => line) {
    this.#clean = clean
  }

  /** The number of bytes of an unfinished reply. */
  get pendingBytes(): number {
    return this.#replyBytes
  }

  /** Takes the next bytes. Returns the lines and replies that they complete, in order. */
  push(chunk: Buffer): ReplyEvent[] {
    return [...this.read(chunk)]
  }

  /**
   * Does the same step by step: reads each line only when the caller asks for the next event. A caller that stops at a
   * fault of its own spends nothing on the rest of the bytes.
   */
  *read(chunk: Buffer): Generator<ReplyEvent, void, undefined> {
    let start = 0
    while (!this.#faulted && start < chunk.length) {
      const end = chunk.indexOf(LF, start)
      const piece = chunk.subarray(start, end === -1 ? chunk.length : end)
      start += piece.length + 1
      const events: ReplyEvent[] = []
      this.#take(piece, end !== -1, events)
      yield* events
    }
  }

  #take(piece: Buffer, complete: boolean, events: ReplyEvent[]): void {
    const bytes = piece.length + (complete ? 1 : 0)
    const over = this.#capReached(piece.length, bytes)
    if (over === 'line') {
      const head = Buffer.concat([...this.#pending, piece.subarray(0, EXCERPT)]).subarray(0, EXCERPT)
      events.push({ kind: 'line', line: printable(this.#clean(head.toString('latin1'))) })
    }
    if (over !== null) {
      this.#fail(TOO_MUCH[over], events)
      return
    }
    this.#replyBytes += bytes
    this.#connectionBytes += bytes
    this.#pending.push(piece)
    this.#pendingBytes += piece.length
    if (complete) this.#endLine(events)
  }

  /**
   * Returns the cap that these bytes exceed first, or null. The result does not depend on how the bytes were divided.
   */
  #capReached(length: number, bytes: number): keyof typeof TOO_MUCH | null {
    const room = {
      line: CAPS.line - this.#pendingBytes,
      reply: CAPS.reply - this.#replyBytes,
      connection: CAPS.connection - this.#connectionBytes,
    }
    if (length <= room.line && bytes <= Math.min(room.reply, room.connection)) return null
    const over = { line: length > room.line, reply: bytes > room.reply, connection: bytes > room.connection }
    const reached = (['line', 'reply', 'connection'] as const).filter((cap) => over[cap])
    return reached.sort((a, b) => room[a] - room[b])[0] ?? null
  }

  #endLine(events: ReplyEvent[]): void {
    const [whole] = this.#pending
    const bytes = whole && this.#pending.length === 1 ? whole : Buffer.concat(this.#pending)
    const raw = this.#clean(bytes.toString('latin1', 0, bytes.at(-1) === CR ? bytes.length - 1 : bytes.length))
    this.#pending = []
    this.#pendingBytes = 0
    events.push({ kind: 'line', line: printable(raw) })
    const [, code, separator, text = ''] = REPLY_LINE.exec(raw) ?? []
    if (code === undefined) this.#fail('a line is no SMTP reply', events)
    else if (this.#code !== null && code !== this.#code) this.#fail('the lines of a reply differ in code', events)
    else this.#endReplyLine(code, text, separator === '-', events)
  }

  #endReplyLine(code: string, text: string, more: boolean, events: ReplyEvent[]): void {
    this.#code = code
    this.#texts.push(text)
    if (!more) this.#endReply(code, events)
    else if (this.#texts.length >= CAPS.lines) this.#fail(`a reply has more than ${CAPS.lines} lines`, events)
  }

  #endReply(code: string, events: ReplyEvent[]): void {
    const texts = this.#texts
    const reply = { code: Number(code), enhanced: enhancedCode(code, texts), lines: texts.map(printable) }
    events.push({ kind: 'reply', reply: { ...reply, words: wordsOf(texts) } })
    this.#code = null
    this.#texts = []
    this.#replyBytes = 0
  }

  #fail(fault: string, events: ReplyEvent[]): void {
    this.#faulted = true
    this.#pending = []
    events.push({ kind: 'fault', fault })
  }
}

/** Returns the text of a reply as Unicode, without its middle if it is very long. */
function wordsOf(texts: readonly string[]): string {
  const words = decodedText(texts.join(' '))
  return words.length <= 2 * JUDGED ? words : `${words.slice(0, JUDGED)} ${words.slice(-JUDGED)}`
}
