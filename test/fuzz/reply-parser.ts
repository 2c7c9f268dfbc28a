import assert from 'node:assert/strict'
import { CAPS, type ReplyEvent, ReplyParser } from '../../src/smtp/reply.ts'
import { type Random, randomFrom } from '../harness/random.ts'

/** What real servers say, as bytes are mutated from; the long ones stand at the caps. */
const GOLDEN: readonly Buffer[] = [
  '220 mail.example.com ESMTP Postfix (Debian/GNU)\r\n',
  '220-mail.example.com ESMTP\r\n220-We do not authorize\r\n220 the use of this system\r\n',
  '250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n250 SMTPUTF8\r\n',
  '250 2.1.0 Ok\r\n554 5.7.1 <a@b.example>: Relay access denied\r\n250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n',
  '550-Verification failed\n550 5.1.1 no such user\n',
  "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)\r\n",
  '354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Ok: queued as 4F2A\r\n',
  '250\r\n250 \r\n250-\r\n250 \r\n',
  `250 ${'x'.repeat(CAPS.line - 6)}\r\n250 ok\r\n`,
  `250-${'x'.repeat(CAPS.line)}\r\n250 ok\r\n`,
  `${'250-more\r\n'.repeat(CAPS.lines - 1)}250 end\r\n250 ok\r\n`,
  `${'250-more\r\n'.repeat(CAPS.lines)}250 end\r\n`,
  `${`250-${'x'.repeat(CAPS.line - 8)}\r\n`.repeat(16)}250 end\r\n250 ok\r\n`,
  `${`250 ${'x'.repeat(CAPS.line - 8)}\r\n`.repeat(65)}250 ok\r\n`,
].map((text) => Buffer.from(text, 'latin1'))

/** The last ones are long, and tried less often. */
const SHORT = GOLDEN.slice(0, 8)
const ALPHABET = [...Buffer.from('2345005 -.\r\n\n\r\0\x1b\xff\\#()aZ', 'latin1')]

/** What a mutation is made of: another text of the kind, and a place in this one. */
type Mutation = (bytes: Buffer, at: number, random: Random) => Buffer

const MUTATIONS: readonly Mutation[] = [
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), randomBytes(random, 4), bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), randomBytes(random, 2), bytes.subarray(at + 2)]),
  (bytes, at) => bytes.subarray(0, at),
  (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), random.pick(SHORT)]),
  (bytes, at) => Buffer.concat([bytes, bytes.subarray(at)]),
  (bytes, at, random) => Buffer.concat([bytes.subarray(at), bytes.subarray(0, random.int(at + 1))]),
]

const randomBytes = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: random.int(most + 1) }, () => random.int(256)))

/** Bytes that a server may send: of any kind, of those that replies are made of, or nearly replies. */
function byteString(random: Random): Buffer {
  const kind = random.int(200)
  if (kind < 40) return randomBytes(random, 60)
  if (kind < 80) return Buffer.from(Array.from({ length: random.int(80) }, () => random.pick(ALPHABET)))
  let bytes: Buffer = random.pick(kind < 198 ? SHORT : GOLDEN)
  for (let times = random.int(4); times > 0; times -= 1) {
    bytes = random.pick(MUTATIONS)(bytes, random.int(bytes.length + 1), random)
  }
  return bytes
}

const parse = (pieces: readonly Buffer[]): ReplyEvent[] => {
  const parser = new ReplyParser()
  return pieces.flatMap((piece) => parser.push(piece))
}

/** Divides bytes at random places; now and then into single bytes. */
function divided(bytes: Buffer, random: Random): Buffer[] {
  const single = random.int(20) === 0 && bytes.length < 1_000
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = start + 1 + (single ? 0 : random.int(bytes.length))
    pieces.push(bytes.subarray(start, end))
    start = end
  }
  return pieces
}

const PRINTABLE = /^[\x20-\x7e]*$/

/** What holds of the events of any bytes. */
function checkEvents(events: readonly ReplyEvent[]): void {
  for (const [index, event] of events.entries()) {
    if (event.kind === 'fault') assert.equal(index, events.length - 1, 'it is deaf after a fault')
    else if (event.kind === 'line') assert.match(event.line, PRINTABLE)
    else {
      assert.ok(event.reply.code >= 200 && event.reply.code < 600)
      assert.ok(event.reply.lines.length <= CAPS.lines)
      for (const line of event.reply.lines) assert.match(line, PRINTABLE)
    }
  }
}

/** What a fuzzing run came to; a run in which nothing is ever a reply, or ever a fault, has tried too little. */
export interface Tally {
  strings: number
  bytes: number
  replies: number
  faults: number
}

/**
 * Puts byte strings through the reply parser: it must not throw, its events must be sound, and the same however the
 * bytes were divided. Throws with the string that shows otherwise.
 */
export function fuzzReplyParser(strings: number, seed: number): Tally {
  const random = randomFrom(seed)
  const tally: Tally = { strings: 0, bytes: 0, replies: 0, faults: 0 }
  for (let index = 0; index < strings; index += 1) {
    const bytes = byteString(random)
    try {
      const events = parse([bytes])
      checkEvents(events)
      const inPieces = parse(divided(bytes, random))
      assert.equal(JSON.stringify(inPieces), JSON.stringify(events), 'where the bytes are divided matters')
      tally.strings += 1
      tally.bytes += bytes.length
      for (const { kind } of events) {
        if (kind === 'reply') tally.replies += 1
        if (kind === 'fault') tally.faults += 1
      }
    } catch (cause) {
      throw new Error(`seed ${seed}, string ${index}: ${JSON.stringify(bytes.toString('latin1'))}`, { cause })
    }
  }
  return tally
}
