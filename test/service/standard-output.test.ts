/** Lines to a real pipe whose reader is slow, stalls, or has gone. */
import assert from 'node:assert/strict'
import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openAuditFile } from '../../src/service/audit-file.ts'
import { MOST_WAITING, StandardOutput } from '../../src/service/standard-output.ts'
import { fifoOf } from '../harness/fifo.ts'
import { folderOf } from '../harness/files.ts'
import { until } from '../harness/waiting.ts'

/** An output to a pipe that does not wait, as Node.js makes standard output. */
function outputTo(t: TestContext) {
  const fifo = fifoOf(t)
  const fd = openSync(`/proc/self/fd/${fifo.writer}`, constants.O_WRONLY | constants.O_NONBLOCK)
  t.after(() => closeSync(fd))
  return { fifo, output: new StandardOutput(fd) }
}

const isWhole = (line: string): boolean => /^(x*|line \d+( y*)?|audit \d+|dropped \d+)$/.test(line)

test('lines reach a reader that keeps up at once', (t) => {
  const { fifo, output } = outputTo(t)
  output.write('line 1 \n')
  output.append('audit 1\n')
  assert.equal(fifo.read(), 'line 1 \naudit 1\n')
})

test('a reader that stalls costs bounded memory, and is told how many lines it missed', async (t) => {
  const { fifo, output } = outputTo(t)
  output.onDropped = (lines) => output.write(`dropped ${lines}\n`)
  fifo.fill()
  const line = (number: number) => `line ${number} ${'y'.repeat(1000)}\n`
  const sent = 3_000
  for (let number = 1; number <= sent; number += 1) output.write(line(number))
  let text = fifo.read()
  await until('the last line', () => {
    text += fifo.read()
    return text.includes('dropped')
  })
  const lines = text.trimEnd().split('\n')
  assert.deepEqual(
    lines.filter((one) => !isWhole(one)),
    [],
  )
  const kept = lines.filter((one) => one.startsWith('line')).length
  assert.ok(kept > 900 && kept * line(1).length < MOST_WAITING + 2 * line(sent).length, `${kept} were kept`)
  assert.equal(lines.at(-1), `dropped ${sent - kept}`)
  assert.equal(output.dropped, sent - kept)
})

test('an audit line goes before the log lines that wait, and is written whole or not at all', async (t) => {
  const { fifo, output } = outputTo(t)
  // Longer than the pipe, so that a part of it is written first.
  output.write(`line 1 ${'y'.repeat(100_000)}\n`)
  output.write('line 2 \n')
  const audit = openAuditFile(output)
  await assert.rejects(audit({ audit: 'intent' }), { code: 'EAGAIN' })
  assert.throws(() => output.append('audit 1\n'), { code: 'EAGAIN' })
  let text = fifo.read()
  output.append('audit 2\n')
  await until('the last line', () => {
    text += fifo.read()
    return text.includes('line 2')
  })
  const lines = text.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => line.split(' y')[0]),
    ['line 1', 'audit 2', 'line 2'],
  )
  assert.equal(lines[0]?.length, 'line 1 '.length + 100_000)
})

test('without a reader the lines are lost and counted, and an audit line is an error', (t) => {
  const path = join(folderOf(t), 'file')
  const fd = openSync(path, 'w')
  closeSync(fd)
  const output = new StandardOutput(openSync(path, 'r'))
  output.onDropped = () => assert.fail('nobody reads this')
  for (let number = 1; number <= 5; number += 1) output.write('line\n')
  assert.equal(output.dropped, 5)
  assert.throws(() => output.append('audit\n'), { code: 'EBADF' })
})
