/** Rows of a sweep, compared with those of the sweep before: pure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VERDICTS, type Verdict } from '../../src/contract/words.ts'
import type { SweepRow } from '../../src/store/sweeps.ts'
import { type EarlierRow, skippedRow, testedRow } from '../../src/sweeps/rows.ts'
import { resultWith } from '../harness/result.ts'

const at = (day: number): string => `2026-11-${`${day}`.padStart(2, '0')}T03:00:00.000Z`

const rowOn = (day: number, verdict: Verdict, before: EarlierRow): SweepRow =>
  testedRow(resultWith({ verdict, finishedAt: at(day) }), before)

test('each pair of verdicts has its change', () => {
  for (const [before, now, change] of [
    ['closed', 'open', 'opened'],
    ['open', 'closed', 'closed'],
    ['open', 'open', null],
    ['closed', 'closed', null],
    ['inconclusive', 'open', 'opened'],
    ['inconclusive', 'closed', null],
    ['open', 'inconclusive', null],
    ['closed', 'inconclusive', null],
  ] as const) {
    assert.equal(rowOn(8, now, rowOn(1, before, undefined)).change, change, `${before} ${now}`)
  }
  assert.equal(rowOn(8, 'open', null).change, 'new')
  assert.equal(rowOn(8, 'open', undefined).change, null, 'the first sweep of a name changes nothing')
})

test('a server that cannot be judged for a week is still known as open, since it was first found', () => {
  const first = rowOn(1, 'open', undefined)
  const unclear = rowOn(8, 'inconclusive', first)
  const again = rowOn(15, 'open', unclear)
  assert.deepEqual([unclear.lastVerdict, unclear.openSince], ['open', at(1)])
  assert.deepEqual([again.change, again.openSince], [null, at(1)])
  const fixed = rowOn(22, 'closed', again)
  assert.deepEqual([fixed.change, fixed.openSince], ['closed', null])
})

test('a target that is not tested keeps what is known, and is lost if it was tested before', () => {
  const before = rowOn(1, 'open', undefined)
  const now = skippedRow('It has moved.', at(8), before)
  assert.deepEqual([now.change, now.lastVerdict, now.openSince], ['lost', 'open', at(1)])
  assert.equal(skippedRow('It has moved.', at(15), now).change, null)
  assert.equal(skippedRow('It has moved.', at(8), null).change, null)
  assert.deepEqual([rowOn(22, 'open', now).change, rowOn(22, 'open', now).openSince], [null, at(1)])
})

const history = fc.array(fc.constantFrom(...VERDICTS, 'skipped' as const), { minLength: 1, maxLength: 12 })

test('in every history, open since names the first week of the present opening', () => {
  fc.assert(
    fc.property(history, (weeks) => {
      let row: SweepRow | undefined
      let openSince: string | null = null
      weeks.forEach((week, index) => {
        const day = index + 1
        row = week === 'skipped' ? skippedRow('Moved.', at(day), row) : rowOn(day, week, row)
        if (week === 'open') openSince ??= at(day)
        if (week === 'closed') openSince = null
        assert.equal(row.openSince, openSince)
        assert.equal(row.lastVerdict === 'open', openSince !== null)
      })
    }),
    { numRuns: 20_000 },
  )
})
