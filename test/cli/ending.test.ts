/** The exit codes of the command. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ending, exitCodeOf } from '../../src/cli/ending.ts'

test('the exit code is that of the worst ending', () => {
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

test('the exit code is right for more endings than a call can take as arguments', () => {
  const endings: Ending[] = Array<Ending>(500_000).fill('closed')
  assert.equal(exitCodeOf([...endings, 'open']), 1)
})
