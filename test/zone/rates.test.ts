/** The limit of queries: a burst, then a steady rate, for each source by itself and for any number of sources. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rates } from '../../src/zone/rates.ts'

const allowedOf = (rates: Rates, source: string, count: number, at: number) =>
  Array.from({ length: count }, () => rates.allows(source, at)).filter(Boolean).length

test('a source has its burst at once, then its rate, and after a quiet time its burst again', () => {
  const rates = new Rates(10, 50)
  assert.equal(allowedOf(rates, 'a', 200, 1_000), 50)
  assert.equal(allowedOf(rates, 'a', 200, 2_000), 10)
  assert.equal(allowedOf(rates, 'b', 200, 2_000), 50)
  assert.equal(allowedOf(rates, 'a', 200, 60_000), 50)
})

test('queries that were not answered cost nothing: a flood does not lengthen the wait', () => {
  const rates = new Rates(10, 50)
  allowedOf(rates, 'a', 100_000, 1_000)
  assert.equal(allowedOf(rates, 'a', 1, 1_150), 1)
})

test('a million sources leave no more than the latest in memory, and those keep their count', () => {
  const rates = new Rates(10, 1)
  for (let source = 0; source < 1_000_000; source += 1) rates.allows(`${source}`, 1_000)
  assert.equal(rates.allows('999999', 1_000), false)
  assert.equal(rates.allows('0', 1_000), true)
})
