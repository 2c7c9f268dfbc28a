/** Checks the verdict on mail servers with special faults that the matrix of moments and faults does not have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIGURES } from '../../src/probe/pace.ts'
import { until } from '../harness/waiting.ts'
import { visit, visitSilent, watchProcess, wordOf } from './meet.ts'
import { SPECIALS } from './specials/all.ts'

test('servers with special faults', { concurrency: 20 }, async (t) => {
  assert.ok(SPECIALS.length >= 30)
  for (const property of ['name', 'separates'] as const) {
    assert.equal(new Set(SPECIALS.map((special) => special[property])).size, SPECIALS.length)
  }
  const watch = watchProcess()
  await Promise.all(
    SPECIALS.map(({ name, separates, expected, script, habits, options, check }) =>
      t.test(`${name} (${separates}): ${expected}`, async (row) => {
        const hostile = () => ({ ...habits, script: script() })
        const visited =
          expected === 'deadline'
            ? await visitSilent(row, hostile, expected, options)
            : await visit(row, hostile(), options)
        assert.equal(wordOf(visited.judgement), expected, JSON.stringify(visited.attempts))
        assert.ok(visited.server.peers.length <= FIGURES.connections)
        check?.(visited)
      }),
    ),
  )
  await until('all sockets and timers gone', () => watch.left().length === 0).catch(() => {})
  assert.deepEqual(watch.left(), [])
})
