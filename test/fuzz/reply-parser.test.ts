import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CAPS, ReplyParser } from '../../src/smtp/reply.ts'
import { seedOf } from '../harness/random.ts'
import { fuzzReplyParser } from './reply-parser.ts'

const STRINGS = 1_000_000

test('a million byte strings: nothing is thrown, nothing unprintable comes out, segments do not matter', (t) => {
  const seed = seedOf(process.env.FUZZ_SEED)
  const { strings, bytes, replies, faults } = fuzzReplyParser(STRINGS, seed)
  t.diagnostic(`seed ${seed}: ${strings} strings, ${bytes} bytes, ${replies} replies, ${faults} faults`)
  assert.equal(strings, STRINGS)
  assert.ok(replies > STRINGS / 4 && faults > STRINGS / 4, 'both what is a reply and what is none')
})

/** What is left after it is what is really kept. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

test('after its caps the parser keeps nothing and says nothing, however much comes', () => {
  const parser = new ReplyParser()
  const chunk = Buffer.from(`250 ${'x'.repeat(60)}\r\n`.repeat(100))
  const events = []
  collectGarbage()
  const before = process.memoryUsage().arrayBuffers
  for (let bytes = 0; bytes < 64 * 1024 ** 2; bytes += chunk.length) events.push(...parser.push(Buffer.from(chunk)))
  assert.ok(events.length <= (2 * CAPS.connection) / 60)
  assert.ok(parser.pendingBytes <= CAPS.reply)
  collectGarbage()
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 ** 2)
})

/** Milliseconds for one connection's worth of bytes in pieces: the best of several goes. */
function timeFor(bytes: number, piece: number): number {
  const line = Buffer.from(`250-${'x'.repeat(1_000)}\r\n`)
  const goes = Array.from({ length: 5 }, () => {
    const parser = new ReplyParser()
    const startedAt = performance.now()
    for (let read = 0; read < bytes; ) {
      for (let at = 0; at < line.length; at += piece) parser.push(line.subarray(at, at + piece))
      read += line.length
      if (read % (30 * line.length) === 0) parser.push(Buffer.from('250 ok\r\n'))
    }
    return performance.now() - startedAt
  })
  return Math.min(...goes)
}

test('ten times the bytes take about ten times as long, also byte by byte', () => {
  for (const piece of [1, 100, 1_000]) {
    timeFor(CAPS.connection / 2, piece)
    const few = timeFor(CAPS.connection / 20, piece)
    const many = timeFor(CAPS.connection / 2, piece)
    // A quadratic parser would take a hundred times as long.
    assert.ok(many < few * 40, `${piece} bytes a piece: ${few} ms, then ${many} ms`)
  }
})
