/** The quota of requests, with counters that the test controls. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { registerProblems } from '../../src/http/problems.ts'
import { registerQuotas } from '../../src/http/quotas.ts'
import { Refusals } from '../../src/http/refusals.ts'
import { type Counters, memoryCounters } from '../../src/store/counters.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { problemIn } from '../harness/http.ts'

const DESK = { id: 'desk', customers: 'all', quota: null, sandbox: false, sweeps: false, webhook: null } as const

/** Makes an app that counts requests in `windows`, with a quota of two each minute. Returns a function that asks it. */
async function countingApp(t: TestContext, windows: Counters) {
  const app = Fastify()
  t.after(() => app.close())
  registerProblems(app, new Refusals(app.log, () => {}))
  app.decorateRequest('caller', null)
  app.addHook('onRequest', async (request) => {
    request.caller = DESK
  })
  await registerQuotas(app, { max: 2, windowMs: 60_000 }, windows)
  app.get('/', async () => 'counted')
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return () => fetch(url)
}

test('requests are counted in the shared counters, under the name of their quota', async (t) => {
  const windows = memoryCounters()
  const ask = await countingApp(t, windows)
  for (const left of [1, 0]) {
    const { status, headers } = await ask()
    assert.equal(status, 200)
    assert.match(headers.get('ratelimit') ?? '', new RegExp(`^"requests";r=${left};t=\\d+$`))
    assert.equal(headers.get('ratelimit-policy'), '"requests";q=2;w=60')
  }
  await problemIn(await ask(), 'quota-exceeded')
  assert.equal((await windows.read('requests:desk')).current, 3)
})

test('the package adds no headers of its own', async (t) => {
  const ask = await countingApp(t, memoryCounters())
  const names = [...(await ask()).headers.keys()].filter((name) => /rate/.test(name))
  assert.deepEqual(names, ['ratelimit', 'ratelimit-policy'])
})

test('a request is refused while its counter cannot be reached', async (t) => {
  const away = () => Promise.reject(new StoreUnavailable(new Error('away')))
  const ask = await countingApp(t, { ...memoryCounters(), count: away })
  await problemIn(await ask(), 'limits-unavailable')
})

test('a refused request waits at least one second, even if the window ends at this moment', async (t) => {
  const ask = await countingApp(t, { ...memoryCounters(), count: async () => ({ current: 1_000, ttl: 0 }) })
  const response = await ask()
  assert.equal(response.headers.get('retry-after'), '1')
  assert.match((await problemIn(response, 'quota-exceeded')).detail, /Try again at [-\d]+ [:\d]+ UTC\.$/)
})
