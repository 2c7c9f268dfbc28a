import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { registerQuotas } from '../../src/http/quotas.ts'
import { setUp } from '../../src/setup.ts'
import { type Counters, memoryCounters } from '../../src/store/counters.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { configFolder, environmentFor } from '../harness/service.ts'

const lax = { max: 100, windowMs: 60_000 }
const KEYS = ['tests-caller:desk', 'tests-customer:acme', 'tests-target:127.0.0.1', 'tests-network:127.0.0.0/24']

/** Takes the tests quotas of one request that counts in `windows`. Returns what is exceeded, with the headers. */
async function takeOnce(t: TestContext, windows: Counters) {
  const { callers, customers } = setUp(environmentFor(configFolder(t)))
  const [caller, customer] = [callers.current.all.find(({ id }) => id === 'desk'), customers.current.all.get('acme')]
  assert.ok(caller && customer)
  const app = Fastify()
  t.after(() => app.close())
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    request.caller = caller
  })
  const settings = {
    'tests-caller': lax,
    'tests-customer': lax,
    'tests-target': { ...lax, max: 2 },
    'tests-network': lax,
  }
  const quotas = await registerQuotas(app, { requests: lax, ...settings }, windows)
  app.get('/', async (request) => {
    const subject = { caller, customer, target: '127.0.0.1', network: '127.0.0.0/24', usedUp: null }
    return { exceeded: await quotas.of(request).take(subject) }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const response = await fetch(url)
  return { status: response.status, left: response.headers.get('ratelimit') ?? '', body: await response.text() }
}

const counted = (windows: Counters) => Promise.all(KEYS.map(async (key) => (await windows.read(key)).current))

test('a test is counted by every quota', async (t) => {
  const windows = memoryCounters()
  assert.equal((await takeOnce(t, windows)).body, '{"exceeded":null}')
  assert.deepEqual(await counted(windows), [1, 1, 1, 1])
})

test('a test that one quota refuses is counted by none, and the headers say so', async (t) => {
  const windows = memoryCounters()
  for (let count = 0; count < 2; count += 1) await windows.count('tests-target:127.0.0.1', 60_000)
  const { left, body } = await takeOnce(t, windows)
  assert.match(body, /"policies":\["tests-target"\]/)
  assert.deepEqual(await counted(windows), [0, 0, 2, 0])
  assert.match(left, /"tests-caller";r=100;.*"tests-target";r=0;/)
})

test('where one counter cannot be had the test is refused, and the others give back what they counted', async (t) => {
  for (const lost of KEYS) {
    const windows = memoryCounters()
    const broken: Counters = {
      ...windows,
      count: (key, ms) =>
        key === lost ? Promise.reject(new StoreUnavailable(new Error('away'))) : windows.count(key, ms),
    }
    const { status, body } = await takeOnce(t, broken)
    assert.deepEqual([status, /away/.test(body)], [500, true], 'the error comes through to where it is made a problem')
    assert.deepEqual(await counted(windows), [0, 0, 0, 0], lost)
  }
})

test('whoever is refused is told to wait a second at least, though the window ends this instant', async (t) => {
  const ending: Counters = { ...memoryCounters(), count: async () => ({ current: 1_000, ttl: 0 }) }
  const { body } = await takeOnce(t, ending)
  assert.match(body, /Try again in 1 s/)
})
