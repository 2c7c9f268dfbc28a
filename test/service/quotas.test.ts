/** Counting tests in all quotas or in none. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { QuotaName } from '../../src/contract/limits.ts'
import { type QuotaState, TestQuotas } from '../../src/service/quotas.ts'
import { setUp } from '../../src/setup.ts'
import { type Counters, memoryCounters } from '../../src/store/counters.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { configFolder, environmentFor } from '../harness/service.ts'

const lax = { max: 100, windowMs: 60_000 }
const SETTINGS = {
  'sweeps-caller': { max: 1, windowMs: 60_000 },
  requests: lax,
  'tests-caller': lax,
  'tests-customer': lax,
  'tests-target': { ...lax, max: 2 },
  'tests-network': lax,
}
const KEYS = ['tests-caller:desk', 'tests-customer:acme', 'tests-target:127.0.0.1', 'tests-network:acme 127.0.0.0/24']

/** Makes quotas that count in `counters`, for one test by the desk for Acme. */
async function quotasOn(t: TestContext, counters: Counters, followsOpen = false) {
  const { callers, customers } = await setUp(environmentFor(configFolder(t)))
  const [caller, customer] = [callers.current.all.find(({ id }) => id === 'desk'), customers.current.all.get('acme')]
  assert.ok(caller && customer)
  const subject = { caller, customer, target: '127.0.0.1', network: '127.0.0.0/24', usedUp: null, followsOpen }
  const states = new Map<QuotaName, QuotaState>()
  const quotas = new TestQuotas(SETTINGS, counters)
  return {
    take: () => quotas.take(subject, states),
    peek: () => quotas.peek(subject, states),
    left: () => [...states].map(([name, { remaining }]) => `${name} ${remaining}`),
  }
}

const counted = (counters: Counters) => Promise.all(KEYS.map(async (key) => (await counters.read(key)).current))

test('a test is counted by every quota', async (t) => {
  const counters = memoryCounters()
  assert.equal(await (await quotasOn(t, counters)).take(), null)
  assert.deepEqual(await counted(counters), [1, 1, 1, 1])
})

test('a peek counts nothing, and says what is left', async (t) => {
  const counters = memoryCounters()
  const { peek, left } = await quotasOn(t, counters)
  assert.equal(await peek(), null)
  assert.deepEqual(await counted(counters), [0, 0, 0, 0])
  assert.deepEqual(left(), ['tests-caller 100', 'tests-customer 100', 'tests-target 2', 'tests-network 100'])
})

test('a test that one quota refuses is counted by none, and the states say so', async (t) => {
  const counters = memoryCounters()
  for (let count = 0; count < 2; count += 1) await counters.count('tests-target:127.0.0.1', 60_000)
  const { peek, take, left } = await quotasOn(t, counters)
  for (const look of [peek, take]) assert.deepEqual((await look())?.policies, ['tests-target'])
  assert.deepEqual(await counted(counters), [0, 0, 2, 0])
  assert.deepEqual(left(), ['tests-caller 100', 'tests-customer 100', 'tests-target 0', 'tests-network 100'])
})

test('if one counter cannot be reached, the test is refused and the other counters are undone', async (t) => {
  for (const lost of KEYS) {
    const counters = memoryCounters()
    const broken: Counters = {
      ...counters,
      count: (key, ms) =>
        key === lost ? Promise.reject(new StoreUnavailable(new Error('away'))) : counters.count(key, ms),
    }
    await assert.rejects((await quotasOn(t, broken)).take(), StoreUnavailable)
    assert.deepEqual(await counted(counters), [0, 0, 0, 0], lost)
  }
})

test('a refused test waits at least one second, even if the window ends at this moment', async (t) => {
  const ending: Counters = { ...memoryCounters(), count: async () => ({ current: 1_000, ttl: 0 }) }
  assert.equal((await (await quotasOn(t, ending)).take())?.retryAfter, 1)
})

test('tests that follow an open verdict have a count of their own, twice as high', async (t) => {
  const counters = memoryCounters()
  const [usual, afterOpen] = [await quotasOn(t, counters), await quotasOn(t, counters, true)]
  for (let count = 0; count < 2; count += 1) assert.equal(await usual.take(), null)
  assert.deepEqual((await usual.take())?.policies, ['tests-target'])
  for (let count = 0; count < 4; count += 1) assert.equal(await afterOpen.take(), null)
  assert.deepEqual((await afterOpen.take())?.policies, ['tests-target'])
  assert.deepEqual(await counted(counters), [6, 6, 2, 6])
})
