import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusals } from '../../src/service/refusals.ts'

test('an address that refused is remembered, and no other', () => {
  const refusals = new Refusals()
  refusals.note('203.0.113.25')
  assert.equal(refusals.recently('203.0.113.25'), true)
  assert.equal(refusals.recently('203.0.113.26'), false)
})

test('what is remembered is bounded: the oldest goes first', () => {
  const refusals = new Refusals()
  for (let index = 0; index <= 10_000; index += 1) refusals.note(`address ${index}`)
  assert.equal(refusals.recently('address 0'), false)
  assert.equal(refusals.recently('address 1'), true)
  assert.equal(refusals.recently('address 10000'), true)
})
