/** Turns the words of a model server into bytes, and into the replies that the real parser reads from them. */
import assert from 'node:assert/strict'
import { type Reply, ReplyParser } from '../../../src/smtp/reply.ts'

/** How many replies are kept. Most words come again. */
const KEPT = 20_000
const known = new Map<string, Reply>()

/** Returns the bytes of a reply. Its lines, each with the code, are separated by a line feed. */
export function bytesOf(text: string): Buffer {
  const lines = text.split('\n')
  const wire = lines.map((line, index) => `${line.slice(0, 3)}${index < lines.length - 1 ? '-' : ' '}${line.slice(4)}`)
  return Buffer.from(wire.map((line) => `${line.trimEnd()}\r\n`).join(''), 'utf8')
}

/** Returns the reply as the real parser reads it. */
export function replyOf(text: string): Reply {
  const before = known.get(text)
  if (before) return before
  const reply = parsed(text)
  if (known.size < KEPT) known.set(text, reply)
  return reply
}

function parsed(text: string): Reply {
  const reply = new ReplyParser().push(bytesOf(text)).find((event) => event.kind === 'reply')
  assert.ok(reply?.kind === 'reply', `not a reply: ${text}`)
  return reply.reply
}
