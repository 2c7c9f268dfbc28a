/** The reply parser with any bytes, however they are divided: correct, in linear time and bounded memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CAPS, ReplyParser } from '../../src/smtp/reply.ts'
import { cases } from '../harness/mass.ts'
import { seedOf } from '../harness/random.ts'
import { until } from '../harness/waiting.ts'
import { fuzzReplyParser } from './reply-parser.ts'

const STRINGS = cases(250_000)

test(`${STRINGS} byte strings: nothing is thrown, nothing unprintable comes out, segments do not matter`, (t) => {
  const seed = seedOf(process.env.FUZZ_SEED)
  const { strings, bytes, replies, faults } = fuzzReplyParser(STRINGS, seed)
  t.diagnostic(`seed ${seed}: ${strings} strings, ${bytes} bytes, ${replies} replies, ${faults} faults`)
  assert.equal(strings, STRINGS)
  assert.ok(replies > STRINGS / 4 && faults > STRINGS / 4, 'both what is a reply and what is none')
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

test('after its caps the parser keeps nothing and says nothing, however much comes', async () => {
  const parser = new ReplyParser()
  const chunk = Buffer.from(`250 ${'x'.repeat(60)}\r\n`.repeat(100))
  const given: WeakRef<ArrayBufferLike>[] = []
  const events = []
  for (let bytes = 0; bytes < 64 * 1024 ** 2; bytes += chunk.length) {
    const copy = Buffer.alloc(chunk.length, chunk)
    given.push(new WeakRef(copy.buffer))
    events.push(...parser.push(copy))
  }
  assert.ok(events.length <= (2 * CAPS.connection) / 60)
  await until('all that it was given to be collected', () => {
    collectGarbage()
    return given.every((one) => one.deref() === undefined)
  })
  // It was there all the time.
  assert.ok(parser.pendingBytes <= CAPS.reply)
})

/** Milliseconds of the processor for one connection's worth of bytes in pieces: the best of many goes. */
function timeFor(bytes: number, piece: number): number {
  const line = Buffer.from(`250-${'x'.repeat(1_000)}\r\n`)
  const goes = Array.from({ length: 20 }, () => {
    const parser = new ReplyParser()
    const before = process.cpuUsage()
    for (let read = 0; read < bytes; ) {
      for (let at = 0; at < line.length; at += piece) parser.push(line.subarray(at, at + piece))
      read += line.length
      if (read % (30 * line.length) === 0) parser.push(Buffer.from('250 ok\r\n'))
    }
    // Only the sum is exact: the kernel divides it by guess.
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
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
