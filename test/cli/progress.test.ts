/** The progress of a batch, on a terminal and elsewhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Progress } from '../../src/cli/progress.ts'
import { until } from '../harness/waiting.ts'

/** A stream that remembers what was written. */
function streamOf(isTTY: boolean) {
  const texts: string[] = []
  const stream = {
    isTTY,
    columns: 80,
    write: (text: string | Uint8Array) => {
      texts.push(String(text))
      return true
    },
  }
  return { texts, stream }
}

test('off a terminal, a wait says its reason once, and the end has the counts', () => {
  const { texts, stream } = streamOf(false)
  const progress = new Progress(stream, 2)
  progress.waiting(1, 'the quota is used up')
  progress.waiting(2, 'the quota is used up')
  progress.waiting(0, null)
  progress.found(3)
  progress.ended('closed')
  progress.close()
  assert.deepEqual(texts, [
    'relay-test: waiting: the quota is used up\n',
    'relay-test: 1/4  0 open, 1 closed, 0 inconclusive, 0 error\n',
  ])
})

test('off a terminal, a long batch writes a line from time to time', async () => {
  const { texts, stream } = streamOf(false)
  const progress = new Progress(stream, 2, 1)
  progress.waiting(1, 'x')
  progress.inLine(7, 2)
  const keepAlive = setInterval(() => {}, 1)
  await until('two lines', () => texts.length > 2)
  clearInterval(keepAlive)
  progress.close()
  assert.equal(
    texts[1],
    'relay-test: 0/2  0 open, 0 closed, 0 inconclusive, 0 error; 1 waiting for a quota or another test; waiting: 1 test is before this one\n',
  )
})

test('on a terminal, results and notes stand above the line of progress', () => {
  const { texts, stream } = streamOf(true)
  const progress = new Progress(stream, 1)
  progress.above(() => stream.write('RESULT\n'), true)
  progress.note('skipped: \x1b[2J')
  progress.above(() => stream.write('ELSEWHERE\n'), false)
  const line = /^\r\[\.{24}\] 0\/1 .*\x1b\[K$/
  const [first = '', clear, result, second = '', cleared, note, third = '', elsewhere, ...more] = texts
  for (const drawn of [first, second, third]) assert.match(drawn, line)
  assert.deepEqual([clear, cleared], ['\r\x1b[K', '\r\x1b[K'])
  assert.deepEqual([result, note, elsewhere, more], ['RESULT\n', 'relay-test: skipped:  [2J\n', 'ELSEWHERE\n', []])
})
