/** Which targets refused us lately. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryRecentRefusals } from '../../src/store/recent-refusals.ts'

test('an address that refused is remembered, and no other', async () => {
  const refusals = memoryRecentRefusals()
  await refusals.note('203.0.113.25')
  assert.equal(await refusals.recently('203.0.113.25'), true)
  assert.equal(await refusals.recently('203.0.113.26'), false)
})

test('a limited number of refusals is remembered: the oldest is forgotten first', async () => {
  const refusals = memoryRecentRefusals()
  for (let index = 0; index <= 10_000; index += 1) await refusals.note(`address ${index}`)
  assert.equal(await refusals.recently('address 0'), false)
  assert.equal(await refusals.recently('address 1'), true)
  assert.equal(await refusals.recently('address 10000'), true)
})
