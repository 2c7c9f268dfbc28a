import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { QuotaName } from '../../src/contract/limits.ts'
import { type QuotaState, TestQuotas } from '../../src/service/quotas.ts'
import { setUp } from '../../src/setup.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { memoryWindows, type Windows } from '../../src/store/windows.ts'
import { configFolder, environmentFor } from '../harness/service.ts'

const lax = { max: 100, windowMs: 60_000 }
const SETTINGS = {
  requests: lax,
  'tests-caller': lax,
  'tests-customer': lax,
  'tests-target': { ...lax, max: 2 },
  'tests-network': lax,
}
const KEYS = ['tests-caller:desk', 'tests-customer:acme', 'tests-target:127.0.0.1', 'tests-network:127.0.0.0/24']

/** Quotas that count in `windows`, bound to one test of the desk for Acme. */
function quotasOn(t: TestContext, windows: Windows) {
  const { callers, customers } = setUp(environmentFor(configFolder(t)))
  const [caller, customer] = [callers.current.all.find(({ id }) => id === 'desk'), customers.current.all.get('acme')]
  assert.ok(caller && customer)
  const subject = { caller, customer, target: '127.0.0.1', network: '127.0.0.0/24', usedUp: null }
  const states = new Map<QuotaName, QuotaState>()
  const quotas = new TestQuotas(SETTINGS, windows)
  return {
    take: () => quotas.take(subject, states),
    peek: () => quotas.peek(subject, states),
    left: () => [...states].map(([name, { remaining }]) => `${name} ${remaining}`),
  }
}

const counted = (windows: Windows) => Promise.all(KEYS.map(async (key) => (await windows.read(key)).current))

test('a test is counted by every quota', async (t) => {
  const windows = memoryWindows()
  assert.equal(await quotasOn(t, windows).take(), null)
  assert.deepEqual(await counted(windows), [1, 1, 1, 1])
})

test('a peek counts nothing, and says what is left', async (t) => {
  const windows = memoryWindows()
  const { peek, left } = quotasOn(t, windows)
  assert.equal(await peek(), null)
  assert.deepEqual(await counted(windows), [0, 0, 0, 0])
  assert.deepEqual(left(), ['tests-caller 100', 'tests-customer 100', 'tests-target 2', 'tests-network 100'])
})

test('a test that one quota refuses is counted by none, and the states say so', async (t) => {
  const windows = memoryWindows()
  for (let count = 0; count < 2; count += 1) await windows.count('tests-target:127.0.0.1', 60_000)
  const { peek, take, left } = quotasOn(t, windows)
  for (const look of [peek, take]) assert.deepEqual((await look())?.policies, ['tests-target'])
  assert.deepEqual(await counted(windows), [0, 0, 2, 0])
  assert.deepEqual(left(), ['tests-caller 100', 'tests-customer 100', 'tests-target 0', 'tests-network 100'])
})

test('if one counter cannot be reached, the test is refused and the other counters are undone', async (t) => {
  for (const lost of KEYS) {
    const windows = memoryWindows()
    const broken: Windows = {
      ...windows,
      count: (key, ms) =>
        key === lost ? Promise.reject(new StoreUnavailable(new Error('away'))) : windows.count(key, ms),
    }
    await assert.rejects(quotasOn(t, broken).take(), StoreUnavailable)
    assert.deepEqual(await counted(windows), [0, 0, 0, 0], lost)
  }
})

test('a refused test waits at least one second, also if the window ends at this moment', async (t) => {
  const ending: Windows = { ...memoryWindows(), count: async () => ({ current: 1_000, ttl: 0 }) }
  assert.equal((await quotasOn(t, ending).take())?.retryAfter, 1)
})
