/** What docs/support.md says about results is what the service says. */
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { REASONS } from '../src/contract/words.ts'
import { documentOf, examplesIn, patternOf, rowsBelow } from './harness/documents.ts'
import { folderOf } from './harness/files.ts'
import { runProgram } from './harness/process.ts'
import { startSandbox } from './harness/sandbox.ts'
import { programAt } from './harness/service.ts'

const DOCUMENT = documentOf('docs/support.md')

test('every command for support agents prints what the document says', async (t) => {
  const { env } = await startSandbox(t)
  const bin = folderOf(t, {
    'relay-test': `#!/bin/sh\nexec ${process.execPath} ${programAt('dist/cli/relay-test.js')} "$@"\n`,
  })
  chmodSync(join(bin, 'relay-test'), 0o755)
  const examples = examplesIn(DOCUMENT, 'sh')
  assert.ok(examples.length >= 2)
  for (const { text, prints } of examples) {
    assert.ok(prints, text)
    const { code, stdout, stderr } = await runProgram('sh', ['-c', text], {
      ...env,
      PATH: `${bin}:${process.env.PATH}`,
    })
    assert.deepEqual([code, stderr], [0, ''], text)
    assert.match(stdout, patternOf(prints), text)
  }
})

test('the document for support agents explains every reason', () => {
  const told = rowsBelow(DOCUMENT, 'Read it').flatMap(([reasons = '']) => reasons.split(', '))
  for (const reason of REASONS) assert.ok(told.includes(reason), reason)
})
