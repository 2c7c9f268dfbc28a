/** Relay tests without HTTP: stores that fail, and requests at the same moment. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { summaryOf } from '../../src/contract/relay-test.ts'
import { problemOf, RequestProblem } from '../../src/service/problem.ts'
import { readLimitsQuery, readListQuery } from '../../src/service/queries.ts'
import type { AnswerOptions } from '../../src/service/relay-tests.ts'
import { readRequest } from '../../src/service/request.ts'
import { type Counters, memoryCounters } from '../../src/store/counters.ts'
import { memoryStores, type Stores } from '../../src/store/stores.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { startRecorder } from '../harness/recorder.ts'
import { inProcess } from '../harness/relay-tests.ts'
import { resultWith } from '../harness/result.ts'
import { until } from '../harness/waiting.ts'

const TTL_MS = 60_000
const NO_OPTIONS: AnswerOptions = { idempotencyKey: null, respondAsync: false, live: false }
const GONE = new StoreUnavailable(new Error('away'))

async function replica(t: TestContext, changed: Partial<Stores> = {}) {
  const recorder = await startRecorder(t)
  const stores = { ...memoryStores(TTL_MS), ...changed }
  const service = await inProcess(t, stores)
  const start = (ip: string, options = NO_OPTIONS, caller = 'desk') => {
    const request = readRequest({ ip, port: recorder.port }, { allowedPorts: [recorder.port], defaultProof: 'message' })
    return service.relayTests.start(request, service.asking(caller), options)
  }
  return { ...service, recorder, stores, start }
}

const refusedAs = (slug: ProblemSlug) => (error: unknown) => problemOf(error)?.slug === slug

test('the address of the Redis is never a target, even if a customer lists it', async (t) => {
  const look = async () => ({ isUp: true, waitMs: 0 })
  const server = {
    state: look,
    look,
    async usable() {},
    addresses: () => ['93.184.216.34', '2001:db8::6379'],
  }
  const counters = { ...memoryCounters(), read: async () => assert.fail('asked for more than the address') }
  const { start, audited } = await replica(t, { server, counters })
  await assert.rejects(start('93.184.216.34'), (error) => {
    return (
      error instanceof RequestProblem &&
      error.slug === 'address-special' &&
      /address of this service/.test(error.message)
    )
  })
  // Another address of that network passes this check and reaches the quotas.
  await assert.rejects(start('93.184.216.35'), /asked for more than the address/)
  assert.deepEqual(audited, [])
})

test('a running result whose lease has expired reads as interrupted, the same in every read', async (t) => {
  const { relayTests, asking, stores } = await replica(t)
  const { caller } = asking('desk')
  const running = resultWith({ id: randomUUID(), status: 'running', verdict: null, finishedAt: null })
  await stores.results.put(running)
  await stores.leases.acquire(running.ip, { testId: running.id, customerId: running.customerId }, TTL_MS)
  assert.equal((await relayTests.archive.get(running.id, caller))?.status, 'running')
  await stores.leases.release(running.ip, running.id)
  await stores.leases.acquire(running.ip, { testId: 'the next', customerId: running.customerId }, TTL_MS)
  const first = await relayTests.archive.get(running.id, caller)
  assert.deepEqual([first?.status, first?.verdict, first?.reason], ['finished', 'inconclusive', 'interrupted'])
  assert.deepEqual(await relayTests.archive.get(running.id, caller), first)
  assert.deepEqual((await relayTests.archive.list({ ip: running.ip }, caller)).relayTests, [first && summaryOf(first)])
})

const FAILING: readonly (readonly [name: string, fail: (stores: Stores) => Partial<Stores>])[] = [
  ['leases', ({ leases }) => ({ leases: { ...leases, acquire: () => Promise.reject(GONE) } })],
  ['results', ({ results }) => ({ results: { ...results, put: () => Promise.reject(GONE) } })],
  ['claims', ({ claims }) => ({ claims: { ...claims, take: () => Promise.reject(GONE) } })],
  ['found claims', ({ claims }) => ({ claims: { ...claims, find: () => Promise.reject(GONE) } })],
  [
    'recentRefusals',
    ({ recentRefusals }) => ({ recentRefusals: { ...recentRefusals, recently: () => Promise.reject(GONE) } }),
  ],
]

for (const [name, fail] of FAILING) {
  test(`if ${name} cannot be reached, nothing is dialled and nothing is left behind`, async (t) => {
    const whole = memoryStores(TTL_MS)
    const { start, recorder, audited } = await replica(t, { ...whole, ...fail(whole) })
    const options = { ...NO_OPTIONS, idempotencyKey: 'k' }
    await assert.rejects(start('127.0.0.7', options), refusedAs('limits-unavailable'))
    assert.deepEqual([recorder.dialled, audited], [[], []])
    const sound = await inProcess(t, whole)
    const request = readRequest(
      { ip: '127.0.0.7', port: recorder.port },
      { allowedPorts: [recorder.port], defaultProof: 'message' },
    )
    const { replayed } = await sound.relayTests.start(request, sound.asking('desk'), options)
    assert.equal(replayed, false)
    assert.equal(recorder.dialled.length, 1)
  })
}

for (const [name, count, slug] of [
  ['are used up', async () => ({ current: Number.MAX_SAFE_INTEGER, ttl: 7_000 }), 'quota-exceeded'],
  ['cannot be taken', () => Promise.reject(GONE), 'limits-unavailable'],
] as const) {
  test(`if quotas ${name} at the last moment, the audit log says so and the test leaves no trace`, async (t) => {
    const whole = memoryCounters()
    let failing = true
    const counters: Counters = { ...whole, count: (...all) => (failing ? count() : whole.count(...all)) }
    const { start, recorder, audited, relayTests, asking } = await replica(t, { counters })
    const options = { ...NO_OPTIONS, idempotencyKey: 'k' }
    await assert.rejects(start('127.0.0.7', options), refusedAs(slug))
    failing = false
    assert.deepEqual(
      audited.map(({ audit, refused }) => [audit, refused]),
      [
        ['intent', undefined],
        ['result', slug],
      ],
    )
    assert.deepEqual((await relayTests.archive.list({ ip: '127.0.0.7' }, asking('desk').caller)).relayTests, [])
    assert.equal(recorder.dialled.length, 0)
    assert.equal((await start('127.0.0.7', options)).replayed, false)
  })
}

test('a result that cannot be stored goes to its caller, and into the store as soon as that is back', async (t) => {
  const { results } = memoryStores(TTL_MS)
  let away = false
  const put: typeof results.put = (result) => (away ? Promise.reject(GONE) : results.put(result))
  const { start, relayTests, asking, stores } = await replica(t, {
    results: {
      ...results,
      async put(result) {
        await put(result)
        // The store is down from the moment when the test is admitted.
        if (result.status === 'running') away = true
      },
    },
  })
  const { result } = await start('127.0.0.7')
  assert.equal(result.status, 'finished')
  const read = () => relayTests.archive.get(result.id, asking('desk').caller)
  assert.equal((await read())?.status, 'running', 'the lease is kept: a finished test must not read as interrupted')
  away = false
  await until('the stored result', async () => (await read())?.status === 'finished')
  assert.deepEqual(await read(), result)
  assert.equal(await stores.leases.holder('127.0.0.7'), null)
})

for (const lost of ['leases', 'claims'] as const) {
  test(`a test gives back what it took from ${lost}, even if the reply was lost and the store is away for a moment`, async (t) => {
    const whole = memoryStores(TTL_MS)
    let [away, cuts] = [false, 0]
    const cut = async <T>(work: Promise<T>): Promise<T> => {
      await work
      cuts += 1
      away = true
      throw GONE
    }
    const { leases, claims } = whole
    const unless = (work: () => Promise<void>) => (away ? Promise.reject(GONE) : work())
    const { start, recorder } = await replica(t, {
      ...whole,
      leases: {
        ...leases,
        acquire: (...all) => (lost === 'leases' && cuts === 0 ? cut(leases.acquire(...all)) : leases.acquire(...all)),
        release: (...all) => unless(() => leases.release(...all)),
      },
      claims: {
        ...claims,
        take: (...all) => (lost === 'claims' && cuts === 0 ? cut(claims.take(...all)) : claims.take(...all)),
        release: (...all) => unless(() => claims.release(...all)),
      },
    })
    const options = { ...NO_OPTIONS, idempotencyKey: 'k' }
    await assert.rejects(start('127.0.0.7', options), refusedAs('limits-unavailable'))
    away = false
    const again = await until('a test', () => start('127.0.0.7', options).catch(() => null))
    assert.equal(again.result.status, 'finished')
    assert.equal(recorder.dialled.length, 1)
  })
}

test('the lifetime of a key starts again when its result is stored, so that the key never expires first', async (t) => {
  const { results, claims } = memoryStores(TTL_MS)
  const done: string[] = []
  const { start } = await replica(t, {
    results: {
      ...results,
      async put(result) {
        done.push(`put ${result.status}`)
        await results.put(result)
      },
    },
    claims: {
      ...claims,
      async renew(key, testId) {
        assert.equal((await claims.find(key))?.testId, testId)
        done.push('renew')
      },
    },
  })
  await start('127.0.0.7', { ...NO_OPTIONS, idempotencyKey: 'k' })
  assert.deepEqual(done, ['put running', 'put finished', 'renew'])
})

test('simultaneous requests with one key all get the same test', async (t) => {
  const { start, recorder } = await replica(t)
  const options = { idempotencyKey: 'k', respondAsync: true, live: false }
  const all = await Promise.all(Array.from({ length: 5 }, () => start('127.0.0.7', options)))
  assert.equal(new Set(all.map(({ result }) => result.id)).size, 1)
  const waiting = { idempotencyKey: 'another', respondAsync: false, live: false }
  const [one, ...others] = await Promise.allSettled([1, 2, 3].map(() => start('127.0.0.8', waiting)))
  assert.equal(one?.status, 'fulfilled')
  for (const other of others) assert.ok(other.status === 'rejected' && refusedAs('idempotency-running')(other.reason))
  await until('both tests', () => recorder.dialled.length === 2)
})

test('a request that finds the address leased just before the claim looks for the claim again', async (t) => {
  const { leases, claims, ...rest } = memoryStores(TTL_MS)
  let looks = 0
  let lookedTwice = () => {}
  const bothLooked = new Promise<void>((resolve) => {
    lookedTwice = resolve
  })
  const { start, recorder } = await replica(t, {
    ...rest,
    leases,
    claims: {
      ...claims,
      async find(key) {
        looks += 1
        // Both requests look once at the start. The one that finds the address leased looks again.
        if (looks === 3) lookedTwice()
        return claims.find(key)
      },
      // One request claims the key only after the other has looked for it twice.
      async take(...all) {
        await bothLooked
        return claims.take(...all)
      },
    },
  })
  const options = { idempotencyKey: 'k', respondAsync: true, live: false }
  const [one, other] = await Promise.all([start('127.0.0.7', options), start('127.0.0.7', options)])
  assert.equal(other.result.id, one.result.id)
  assert.ok(looks > 3, 'it has looked once more')
  await until('the test', () => recorder.dialled.length === 1)
})

test('a key whose result has expired starts no second test', async (t) => {
  const { start, recorder, stores } = await replica(t)
  const options = { ...NO_OPTIONS, idempotencyKey: 'k' }
  const { result } = await start('127.0.0.7', options)
  await stores.results.remove(result)
  await assert.rejects(start('127.0.0.7', options), refusedAs('not-found'))
  assert.equal(recorder.dialled.length, 1)
})

test('a key does not show a result of a customer that is no longer in the scope of the caller', async (t) => {
  const { start, stores } = await replica(t)
  const options = { ...NO_OPTIONS, idempotencyKey: 'k' }
  const { result } = await start('127.0.0.7', options, 'partner')
  await stores.results.put({ ...result, customerId: 'gamma' })
  await assert.rejects(start('127.0.0.7', options, 'partner'), refusedAs('not-found'))
})

test('a list finds an address by its canonical spelling', () => {
  assert.equal(readListQuery({ ip: '2001:DB8:0:0::1' }).ip, '2001:db8::1')
})

/** Returns the pointers of the faults that reading throws. */
const faultsOf = (read: () => unknown): readonly string[] => {
  try {
    read()
  } catch (error) {
    if (error instanceof RequestProblem) return (error.members.errors ?? []).map(({ pointer }) => pointer)
    throw error
  }
  return []
}

for (const [query, ...pointers] of [
  [{}],
  [{ ip: '127.0.0.1', reference: 'a b', customerId: 'acme', verdict: 'open', limit: '100', cursor: '1.a' }],
  [{ since: '2026-11-29T08:00:00+11:00' }],
  [{ ip: 'example.com' }, '/ip'],
  [{ ip: ['127.0.0.1', '127.0.0.2'] }, '/ip'],
  [{ ip: '' }, '/ip'],
  [{ verdict: 'shut' }, '/verdict'],
  [{ since: 'yesterday', limit: '101' }, '/since', '/limit'],
  [{ since: '2026-11-29T08:00:00' }, '/since'],
  [{ limit: '0' }, '/limit'],
  [{ limit: ' 5' }, '/limit'],
  [{ cursor: 'no cursor' }, '/cursor'],
  [{ cursor: '' }, '/cursor'],
  [{ customerId: 'a b' }, '/customerId'],
  [{ verdicts: 'open' }, '/verdicts'],
] as const) {
  test(`the faults of a list by ${JSON.stringify(query)}: ${pointers.join(', ') || 'none'}`, () => {
    assert.deepEqual(
      faultsOf(() => readListQuery(query)),
      pointers,
    )
  })
}

for (const [query, ...pointers] of [
  [{}],
  [{ ip: '127.0.0.1' }],
  [{ ip: '127.0.0.1', port: '587', customerId: 'acme' }],
  [{ port: '25' }, '/port'],
  [{ ip: '127.0.0.1', port: '26' }, '/port'],
  [{ ip: '127.0.0.1', port: '99999' }, '/port'],
  [{ ip: '127.1' }, '/ip'],
  [{ ip: '127.0.0.1', domain: 'example.com' }, '/domain'],
] as const) {
  test(`the faults of limits for ${JSON.stringify(query)}: ${pointers.join(', ') || 'none'}`, () => {
    assert.deepEqual(
      faultsOf(() => readLimitsQuery(query, [25, 587])),
      pointers,
    )
  })
}
