/** Leases in memory: one test on a target at a time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLeases } from '../../src/store/leases.ts'
import { until } from '../harness/waiting.ts'

const LONG_MS = 60_000
const SHORT_MS = 1
const holder = (testId: string) => ({ testId, customerId: 'acme' })

/** A lease of an address that has run out. */
async function expiredLease(address: string, testId: string) {
  const leases = memoryLeases()
  await leases.acquire(address, holder(testId), SHORT_MS)
  return leases
}

test('an address has one lease at a time, and who comes second learns who has it', async () => {
  const leases = memoryLeases()
  assert.equal(await leases.acquire('203.0.113.25', holder('first'), LONG_MS), null)
  const { testId, customerId } = (await leases.acquire('203.0.113.25', holder('second'), LONG_MS)) ?? {}
  assert.deepEqual({ testId, customerId }, holder('first'))
})

test('of many that come at once one gets the lease', async () => {
  const leases = memoryLeases()
  const takers = Array.from({ length: 50 }, (_, index) => leases.acquire('a', holder(`test ${index}`), LONG_MS))
  assert.equal((await Promise.all(takers)).filter((busy) => busy === null).length, 1)
})

test('addresses do not share a lease', async () => {
  const leases = memoryLeases()
  assert.equal(await leases.acquire('203.0.113.25', holder('first'), LONG_MS), null)
  assert.equal(await leases.acquire('203.0.113.26', holder('second'), LONG_MS), null)
})

test('a lease that is given back can be taken', async () => {
  const leases = memoryLeases()
  await leases.acquire('a', holder('first'), LONG_MS)
  await leases.release('a', 'first')
  assert.equal(await leases.acquire('a', holder('second'), LONG_MS), null)
})

test('a lease runs out by itself', async () => {
  const leases = await expiredLease('a', 'first')
  await until('the second gets the lease', async () => (await leases.acquire('a', holder('second'), LONG_MS)) === null)
  assert.equal((await leases.acquire('a', holder('third'), LONG_MS))?.testId, 'second')
})

test('the holder of a lease that ran out cannot release the lease of the next holder', async () => {
  const leases = await expiredLease('a', 'first')
  await until('the second gets the lease', async () => (await leases.acquire('a', holder('second'), LONG_MS)) === null)
  await leases.release('a', 'first')
  assert.equal((await leases.acquire('a', holder('third'), LONG_MS))?.testId, 'second')
})

test('giving back what nobody holds is without effect', async () => {
  const leases = memoryLeases()
  await leases.release('a', 'first')
  assert.equal(await leases.acquire('a', holder('second'), LONG_MS), null)
})
