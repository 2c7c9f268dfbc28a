/** The parser of replies. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abridged, CAPS, type Reply, type ReplyEvent, ReplyParser } from '../../src/smtp/reply.ts'
import fc from '../harness/fast-check.ts'

const parse = (...chunks: (string | Buffer)[]): ReplyEvent[] => {
  const parser = new ReplyParser()
  return chunks.flatMap((chunk) => parser.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk))
}

const replies = (events: readonly ReplyEvent[]): Reply[] =>
  events.flatMap((event) => (event.kind === 'reply' ? [event.reply] : []))

const faults = (events: readonly ReplyEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'fault' ? [event.fault] : []))

test('a reply of one line has a code, an enhanced code and a text', () => {
  const [reply] = replies(parse('454 4.7.1 <a@b>: Relay access denied\r\n'))
  assert.deepEqual(reply, {
    code: 454,
    enhanced: '4.7.1',
    lines: ['4.7.1 <a@b>: Relay access denied'],
    words: '4.7.1 <a@b>: Relay access denied',
  })
})

test('a reply of several lines is one reply, each line of it shown', () => {
  const events = parse('250-mail.example.com\r\n250-PIPELINING\r\n250 OK\r\n')
  assert.deepEqual(replies(events), [
    {
      code: 250,
      enhanced: null,
      lines: ['mail.example.com', 'PIPELINING', 'OK'],
      words: 'mail.example.com PIPELINING OK',
    },
  ])
  assert.equal(events.filter(({ kind }) => kind === 'line').length, 3)
})

test('a code without text, with or without a space, is a reply', () => {
  assert.deepEqual(
    replies(parse('250\r\n250 \r\n')).map(({ lines }) => lines),
    [[''], ['']],
  )
})

test('bare LF ends a line, a bare CR does not', () => {
  assert.equal(replies(parse('250 a\n250 b\n')).length, 2)
  assert.deepEqual(replies(parse('250 a\r250 b\r\n'))[0]?.lines, ['a\\x0d250 b'])
})

test('the enhanced code may stand at the end, as qmail writes it', () => {
  assert.equal(replies(parse('553 sorry (#5.7.1)\r\n'))[0]?.enhanced, '5.7.1')
})

test('an enhanced code of another class than the reply is none', () => {
  assert.equal(replies(parse('550 2.7.1 nonsense\r\n'))[0]?.enhanced, null)
  assert.equal(replies(parse('550 5.7.1234 nonsense\r\n'))[0]?.enhanced, null)
})

for (const line of ['25 a', '2500 a', '999 a', '150 a', '-250 a', '250\ta', 'ok', '', '２50 a', '250_a']) {
  test(`${JSON.stringify(line)} is no SMTP reply`, () => {
    assert.deepEqual(faults(parse(`${line}\r\n250 ok\r\n`)), ['a line is no SMTP reply'])
  })
}

test('lines that differ in code are no reply', () => {
  const events = parse('250-a\r\n550 b\r\n')
  assert.deepEqual(replies(events), [])
  assert.deepEqual(faults(events), ['the lines of a reply differ in code'])
})

test('after a fault nothing more is read', () => {
  assert.deepEqual(replies(parse('nonsense\r\n', '250 ok\r\n')), [])
})

test('a line without an end is cut off at the cap, however it comes', () => {
  const whole = parse(Buffer.alloc(CAPS.line + 1, 0x61))
  assert.equal(faults(whole).length, 1)
  const parser = new ReplyParser()
  let taken = 0
  while (faults(parser.push(Buffer.alloc(100, 0x61))).length === 0) taken += 100
  assert.ok(taken <= CAPS.line)
  const shown = whole.find((event) => event.kind === 'line')
  assert.equal(shown?.kind === 'line' && shown.line.length, 512)
})

test('a line that just fits is read', () => {
  const line = `250 ${'a'.repeat(CAPS.line - 4)}`
  assert.equal(replies(parse(`${line}\n`))[0]?.lines[0]?.length, CAPS.line - 4)
})

test('an endless reply is cut off at the cap of lines', () => {
  const events = parse('250-again\r\n'.repeat(CAPS.lines + 5))
  assert.deepEqual(faults(events), [`a reply has more than ${CAPS.lines} lines`])
  assert.equal(events.filter(({ kind }) => kind === 'line').length, CAPS.lines)
})

test('a reply of long lines is cut off at the cap of bytes', () => {
  const events = parse(`250-${'a'.repeat(CAPS.line - 10)}\r\n`.repeat(20))
  assert.deepEqual(faults(events), [`a reply is longer than ${CAPS.reply} bytes`])
})

test('a connection is cut off at its cap, however short its replies', () => {
  const events = parse(`250 ${'a'.repeat(1000)}\r\n`.repeat(300))
  assert.deepEqual(faults(events), [`the server sent more than ${CAPS.connection} bytes on one connection`])
})

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .array(fc.constantFrom('250', '550-', '354 ', '\r', '\n', '\r\n', '5.7.1', ' ', 'x', '\0', '\\', '999'), {
      maxLength: 40,
    })
    .map((parts) => Buffer.from(parts.join(''), 'latin1')),
)

test('no bytes make the parser throw, and only printable ASCII comes out', () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      for (const event of parse(bytes)) {
        const texts = event.kind === 'reply' ? event.reply.lines : event.kind === 'line' ? [event.line] : []
        for (const text of texts) assert.match(text, /^[\x20-\x7e]*$/)
      }
    }),
    { numRuns: 20_000 },
  )
})

test('bytes that arrive in any pieces make the same replies', () => {
  fc.assert(
    fc.property(anyBytes, fc.array(fc.nat(200), { maxLength: 10 }), (bytes, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      assert.deepEqual(parse(...pieces), parse(bytes))
    }),
    { numRuns: 5_000 },
  )
})

test('a reply over the cap is refused, wherever the segments end', () => {
  const long = `${`250-${'x'.repeat(4_000)}\r\n`.repeat(16)}250 ${'x'.repeat(3_000)}`
  assert.ok(long.length > CAPS.reply)
  for (const events of [parse(`${long}\r\n`), parse(long, '\r\n')]) {
    assert.deepEqual(replies(events), [])
    assert.equal(faults(events).length, 1)
  }
})

test('of a reply that is read to its end, no more is kept than anybody would read', () => {
  const lines = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat(100)}`)
  const kept = abridged({ code: 554, enhanced: null, lines, words: '' })
  assert.ok(kept.lines.join('').length <= 4096)
  assert.deepEqual(kept.lines.slice(0, -1), lines.slice(0, kept.lines.length - 1))
  const [long] = abridged({
    code: 220,
    enhanced: null,
    lines: [`mail.example.com ${'x'.repeat(9_000)}`],
    words: '',
  }).lines
  assert.match(long ?? '', /^mail\.example\.com x+$/)
  assert.deepEqual(abridged({ code: 250, enhanced: null, lines: ['ok'], words: 'ok' }).lines, ['ok'])
})

const wordsOf = (bytes: string | Buffer): string | undefined => replies(parse(bytes))[0]?.words

test('the words of a reply are Unicode, whether it was sent as UTF-8 or as Latin-1', () => {
  assert.equal(
    wordsOf(Buffer.from('550-Relais refus\u00e9\r\n550 \u4e0d\u5141\u8bb8\u8f6c\u53d1\r\n')),
    'Relais refus\u00e9 \u4e0d\u5141\u8bb8\u8f6c\u53d1',
  )
  assert.equal(wordsOf(Buffer.from('550 Relais refus\u00e9\r\n', 'latin1')), 'Relais refus\u00e9')
  assert.equal(wordsOf(Buffer.from('550 that isn\x92t allowed\r\n', 'latin1')), "that isn't allowed")
  assert.equal(wordsOf('550 back\\slash\r\n'), 'back\\slash')
})

test('the words of a long reply are its beginning and its end', () => {
  const line = `550-${'x'.repeat(3_000)}\r\n`
  const words = wordsOf(`550-first\r\n${line.repeat(10)}550 last\r\n`) ?? ''
  assert.ok(words.length <= 16_385)
  assert.match(words, /^first x+ /)
  assert.match(words, / last$/)
})

test('a long reply is shown in part, and judged as a whole', () => {
  const words = 'x'.repeat(9_000)
  assert.equal(abridged({ code: 550, enhanced: null, lines: [words], words }).words, words)
})
