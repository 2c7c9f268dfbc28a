import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ending, exitCodeOf } from '../../src/cli/ending.ts'

test('the worst of many endings is the exit code', () => {
  for (const [endings, code] of [
    [['closed'], 0],
    [['inconclusive', 'closed'], 2],
    [['closed', 'error', 'inconclusive'], 3],
    [['error', 'open', 'closed'], 1],
    [[], 3],
  ] as const) {
    assert.equal(exitCodeOf(endings), code, endings.join())
  }
})

test('also of more than a call takes arguments', () => {
  const endings: Ending[] = Array<Ending>(500_000).fill('closed')
  assert.equal(exitCodeOf([...endings, 'open']), 1)
})
