/** Tests which test gets the lease of an address, next to a running test and next to a finished one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { takeLease } from '../../src/service/lease.ts'
import { memoryStores } from '../../src/store/stores.ts'
import { resultWith } from '../harness/result.ts'

const TTL_MS = 60_000
const ADDRESS = '203.0.113.25'
const holder = (testId: string) => ({ testId, customerId: 'acme' })

/** Makes stores in which the test `first` holds the lease and has a result with this status. */
async function heldByFirst(status: 'running' | 'finished' | null) {
  const stores = memoryStores(TTL_MS)
  await stores.leases.acquire(ADDRESS, holder('first'), TTL_MS)
  if (status !== null) await stores.results.put(resultWith({ id: 'first', status }))
  return stores
}

for (const status of ['running', null] as const) {
  test(`a test keeps its lease while its result is ${status ?? 'not stored yet'}`, async () => {
    const stores = await heldByFirst(status)
    assert.deepEqual(await takeLease(stores, ADDRESS, holder('second'), TTL_MS), holder('first'))
    assert.deepEqual(await stores.leases.holder(ADDRESS), holder('first'))
  })
}

test('a finished test that still has the lease loses it to the next test', async () => {
  const stores = await heldByFirst('finished')
  assert.equal(await takeLease(stores, ADDRESS, holder('second'), TTL_MS), null)
  assert.deepEqual(await stores.leases.holder(ADDRESS), holder('second'))
  // The first test gives its lease back late. That has no effect.
  await stores.leases.release(ADDRESS, 'first')
  assert.deepEqual(await stores.leases.holder(ADDRESS), holder('second'))
})

test('if many tests want a lease that was left behind, exactly one gets it', async () => {
  const stores = await heldByFirst('finished')
  const takers = Array.from({ length: 50 }, (_, index) => takeLease(stores, ADDRESS, holder(`test ${index}`), TTL_MS))
  assert.equal((await Promise.all(takers)).filter((busy) => busy === null).length, 1)
})
