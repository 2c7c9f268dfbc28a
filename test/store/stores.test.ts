/** All stores, in memory and in Redis, held to the same tests. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { type RelayTest, summaryOf } from '../../src/contract/relay-test.ts'
import type { Log } from '../../src/store/redis/connection.ts'
import { redisStores } from '../../src/store/redis/stores.ts'
import type { Filter, ListPosition, SummaryPage } from '../../src/store/results.ts'
import type { Signal } from '../../src/store/signals.ts'
import { memoryStores, type StoreServer, type Stores } from '../../src/store/stores.ts'
import { SEED } from '../harness/mass.ts'
import { randomFrom } from '../harness/random.ts'
import { startRedis, type TestRedis, withRedis } from '../harness/redis.ts'
import { resultWith } from '../harness/result.ts'
import { until } from '../harness/waiting.ts'

const SILENT: Log = { info() {}, error() {} }
const TTL_MS = 60_000
const LIFETIMES = { resultTtlMs: TTL_MS, leaseMs: TTL_MS }

const isUp = async (server: StoreServer | null | undefined) => (await server?.look())?.isUp

/** Two replicas, which with Redis share all they store; in memory there is one, twice. */
type Pair = readonly [Stores, Stores]

async function redisPair(t: TestContext, redis: TestRedis): Promise<Pair> {
  const open = async () => {
    const stores = redisStores(redis.url, LIFETIMES, SILENT)
    t.after(() => stores.close())
    await until('a connection', () => isUp(stores.server))
    return stores
  }
  return [await open(), await open()]
}

function memoryPair(): Pair {
  const stores = memoryStores(TTL_MS)
  return [stores, stores]
}

const PAIRS: readonly (readonly [name: string, options: object, open: (t: TestContext) => Promise<Pair>])[] = [
  ['memory', {}, async () => memoryPair()],
  ['Redis', withRedis, async (t) => redisPair(t, await startRedis(t))],
]

for (const [name, options, open] of PAIRS) {
  test(`stores in ${name}`, options, async (t) => {
    const [here, there] = await open(t)

    await t.test('lease an address to one test, whichever replica asks', async () => {
      const holder = (testId: string) => ({ testId, customerId: 'acme' })
      const takers = Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? here : there).leases.acquire('a', holder(`test-${index}`), TTL_MS),
      )
      const answers = await Promise.all(takers)
      assert.equal(answers.filter((busy) => busy === null).length, 1)
      const owner = await there.leases.holder('a')
      assert.ok(owner)
      assert.equal(owner.customerId, 'acme')
      await there.leases.release('a', 'another')
      await here.leases.release('a', owner.testId.slice(0, -1))
      assert.deepEqual(await here.leases.holder('a'), owner)
      await there.leases.release('a', owner.testId)
      assert.equal(await here.leases.holder('a'), null)
      assert.equal(await here.leases.acquire('a', holder('next'), 1), null)
      await until('the lease runs out', async () => (await there.leases.holder('a')) === null)
    })

    await t.test('give an idempotency key to the first test', async () => {
      const claim = (testId: string) => ({ testId, fingerprint: 'f'.repeat(64) })
      assert.equal(await here.claims.find('k'), null)
      assert.equal(await here.claims.take('k', claim('first')), null)
      assert.deepEqual(await there.claims.take('k', claim('second')), claim('first'))
      await there.claims.release('k', 'second')
      assert.deepEqual(await there.claims.find('k'), claim('first'))
      await here.claims.release('k', 'first')
      assert.equal(await there.claims.take('k', claim('second')), null)
    })

    await t.test('count in windows that end, and give back only to the window that was counted in', async () => {
      const key = randomUUID()
      assert.deepEqual(await here.counters.read(key), { current: 0, ttl: 0 })
      const first = await here.counters.count(key, TTL_MS)
      assert.equal(first.current, 1)
      assert.ok(first.ttl > TTL_MS - 5_000 && first.ttl <= TTL_MS, `${first.ttl} ms`)
      const second = await there.counters.count(key, TTL_MS)
      assert.equal(second.current, 2)
      assert.ok(second.ttl <= first.ttl)
      await here.counters.giveBack(key, second.ttl - 20_000)
      assert.equal((await here.counters.read(key)).current, 2, 'an older window is over')
      await here.counters.giveBack(key, second.ttl)
      assert.equal((await there.counters.read(key)).current, 1)
      for (let times = 0; times < 3; times += 1) await here.counters.giveBack(key, second.ttl)
      assert.equal((await there.counters.read(key)).current, 0, 'nobody is given credit')
      const short = randomUUID()
      await here.counters.count(short, 1)
      await until('a new window', async () => (await here.counters.count(short, 1)).current === 1)
    })

    await t.test('keep results as they were put, and take the last of each', async () => {
      const id = randomUUID()
      const written = resultWith({ id, summary: 'é \u2028 \\x00', status: 'running' })
      await here.results.put(written)
      assert.deepEqual(await there.results.get(id), written)
      await there.results.put({ ...written, status: 'finished' })
      assert.equal((await here.results.get(id))?.status, 'finished')
      await here.results.remove(written)
      assert.equal(await there.results.get(id), null)
      for (const none of ['', 'constructor', '__proto__', randomUUID()])
        assert.equal(await here.results.get(none), null)
    })

    await t.test('amend a result that is there, and bring none back', async () => {
      const id = randomUUID()
      const written = resultWith({ id })
      const dossier = { bytes: Buffer.from([0, 255, 10]), secrets: ['a', 'b'] }
      assert.equal(await here.results.amend(written, dossier, 0), false)
      assert.equal(await there.results.get(id), null)
      await here.results.put(written, dossier)
      const amended = { ...written, amendedAt: written.createdAt }
      assert.equal(await there.results.amend(amended, dossier, 0), true)
      assert.deepEqual(await here.results.get(id), amended)
    })

    await t.test('keep a dossier beside its result, and let only one of two changes happen', async () => {
      const id = randomUUID()
      const written = resultWith({ id })
      const dossier = { bytes: Buffer.from([0, 255, 10]), secrets: ['a', 'b'] }
      await here.results.put(written, dossier)
      assert.deepEqual(await there.results.dossier(id), { ...dossier, revision: 0 })
      assert.deepEqual(await there.results.secretsOf(id), ['a', 'b'])
      const news = [here, there].map(({ results }, at) => {
        const changed = { bytes: Buffer.from([at]), secrets: [] }
        return results.amend({ ...written, summary: `${at}` }, changed, 0)
      })
      const [first, second] = await Promise.all(news)
      assert.notEqual(first, second, 'one of the two')
      const winner = first ? 0 : 1
      assert.equal((await here.results.get(id))?.summary, `${winner}`)
      assert.deepEqual(await here.results.dossier(id), { bytes: Buffer.from([winner]), secrets: [], revision: 1 })
      assert.equal(await here.results.amend(written, dossier, 0), false)
      assert.equal(await here.results.amend(written, dossier, 1), true)
      await here.results.put(written)
      assert.equal(await there.results.dossier(id), null, 'a result without a dossier never changes')
      assert.deepEqual(await there.results.secretsOf(id), [])
      await here.results.put(written, dossier)
      await here.results.remove(written)
      assert.equal(await there.results.dossier(id), null)
      assert.equal(await there.results.dossier(randomUUID()), null)
    })

    await t.test('list the newest results of an address or a reference, those that may be seen', async () => {
      const [ip, reference] = ['203.0.113.77', `TICKET ${randomUUID()}`]
      const ids: string[] = Array.from({ length: 6 }, () => randomUUID())
      for (const [index, id] of ids.entries()) {
        const customerId = index % 2 ? 'beta' : 'acme'
        const createdAt = new Date(index < 5 ? index * 1000 : 500).toISOString()
        await here.results.put(resultWith({ id, ip, customerId, createdAt, reference: index < 4 ? reference : null }))
      }
      const list = async (by: 'ip' | 'reference', value: string, limit: number, whose = /./) => {
        const mayName = (customerId: string) => whose.test(customerId)
        const { summaries } = await there.results.list({ [by]: value, mayName }, limit)
        return summaries.map(({ id }) => ids.indexOf(id))
      }
      assert.deepEqual(await list('ip', ip, 5), [4, 3, 2, 1, 5])
      assert.deepEqual(await list('ip', ip, 9, /acme/), [4, 2, 0])
      assert.deepEqual(await list('reference', reference, 2), [3, 2])
      assert.deepEqual(await list('reference', reference, 9, /nobody/), [])
      assert.deepEqual(await list('reference', ip, 9), [])
      await here.results.remove(resultWith({ id: ids[4] ?? '', ip, customerId: 'acme' }))
      assert.deepEqual(await list('ip', ip, 2), [3, 2])
    })

    await t.test('list all results page by page, each once, whatever the size of a page and the filter', async () => {
      const random = randomFrom(SEED)
      const customers = Array.from({ length: 12 }, () => `c-${randomUUID()}`)
      const since = Date.UTC(2100, 0, 1)
      const made = Array.from({ length: 300 }, () =>
        resultWith({
          id: randomUUID(),
          ip: `203.0.113.${random.int(4)}`,
          customerId: random.pick(customers),
          // Many have the same time.
          createdAt: new Date(since + random.int(40)).toISOString(),
          verdict: random.chance(0.1) ? 'open' : 'closed',
        }),
      )
      for (const result of made) await here.results.put(result)
      const newestFirst = made.toSorted((one, other) =>
        one.createdAt === other.createdAt ? (one.id < other.id ? 1 : -1) : one.createdAt < other.createdAt ? 1 : -1,
      )
      const [own = ''] = customers
      for (const [filter, isMeant] of [
        [{}, () => true],
        [{ verdict: 'open' }, ({ verdict }) => verdict === 'open'],
        [{ ip: '203.0.113.1', verdict: 'closed' }, ({ ip, verdict }) => ip === '203.0.113.1' && verdict === 'closed'],
        [{ mayName: (id: string) => id === own }, ({ customerId }) => customerId === own],
        [{ since: since + 20 }, ({ createdAt }) => Date.parse(createdAt) >= since + 20],
      ] satisfies [Partial<Filter>, (result: RelayTest) => boolean][]) {
        for (const limit of [1, 7, 100]) {
          const found: string[] = []
          let after: ListPosition | null = null
          do {
            const asked: Filter = { since, mayName: (id) => customers.includes(id), ...filter }
            const { summaries, next }: SummaryPage = await there.results.list(asked, limit, after)
            assert.ok(summaries.length <= limit)
            found.push(...summaries.map(({ id }) => id))
            after = next
          } while (after !== null)
          assert.deepEqual(
            found,
            newestFirst.filter(isMeant).map(({ id }) => id),
            `${JSON.stringify(filter)} ${limit}`,
          )
        }
      }
      for (const result of made) await here.results.remove(result)
      assert.deepEqual(await there.results.list({ since, mayName: () => true }, 5), { summaries: [], next: null })
    })

    await t.test('list the results of one customer, however many another has made after them', async () => {
      const [ip, reference] = ['203.0.113.78', `TICKET ${randomUUID()}`]
      const own = resultWith({ id: randomUUID(), ip, reference, createdAt: new Date(0).toISOString() })
      await here.results.put(own)
      for (let index = 0; index < 1_100; index += 1) {
        const createdAt = new Date(index + 1).toISOString()
        await here.results.put(resultWith({ id: randomUUID(), ip, reference, customerId: 'beta', createdAt }))
      }
      for (const [by, value] of [
        ['ip', ip],
        ['reference', reference],
      ] as const) {
        const found = await there.results.list({ [by]: value, mayName: (customerId) => customerId === 'acme' }, 20)
        assert.deepEqual(
          found.summaries.map(({ id }) => id),
          [own.id],
          by,
        )
        const { summaries: all } = await there.results.list({ [by]: value, mayName: () => true }, 20)
        assert.ok(all.length === 20 && all.every(({ customerId }) => customerId === 'beta'))
      }
    })

    await t.test('remember the tests that callers asked to stop', async () => {
      const [one, other] = [randomUUID(), randomUUID()]
      await here.stops.ask(one)
      assert.deepEqual(await there.stops.asked([other, one]), [one])
      assert.deepEqual(await there.stops.asked([]), [])
    })

    await t.test('remember who refused', async () => {
      assert.equal(await here.recentRefusals.recently('203.0.113.25'), false)
      await here.recentRefusals.note('203.0.113.25')
      assert.equal(await there.recentRefusals.recently('203.0.113.25'), true)
    })
  })
}

test('a window that has lost its end gets another', withRedis, async (t) => {
  const redis = await startRedis(t)
  const [{ counters }] = await redisPair(t, redis)
  await counters.count('w', TTL_MS)
  await redis.ask.persist('relay-tests:window:w')
  assert.deepEqual(await counters.read('w'), { current: 0, ttl: 0 })
  const { current, ttl } = await counters.count('w', TTL_MS)
  assert.equal(current, 2)
  assert.ok(ttl > 0 && ttl <= TTL_MS, `${ttl} ms`)
})

test('lists read no result as a whole', withRedis, async (t) => {
  const redis = await startRedis(t)
  const [{ results }] = await redisPair(t, redis)
  const [ip, id] = ['203.0.113.77', randomUUID()]
  const result = resultWith({ id, ip, caveats: ['x'.repeat(100_000)] })
  await results.put(result)
  await redis.ask.del(`relay-tests:result:${id}`)
  assert.deepEqual(await results.list({ ip, mayName: () => true }, 5), { summaries: [summaryOf(result)], next: null })
  assert.ok((await redis.ask.strlen(`relay-tests:summary:${id}`)) < 1_000)
  await results.remove(result)
  assert.deepEqual(await redis.ask.keys('*:summary:*'), [])
})

test('values of another version are ignored, and logged once', withRedis, async (t) => {
  const redis = await startRedis(t)
  const logged: string[] = []
  const log: Log = { info() {}, error: (_fields, message) => void logged.push(message) }
  const { results, server, close } = redisStores(redis.url, LIFETIMES, log)
  t.after(close)
  await until('a connection', () => isUp(server))
  logged.length = 0
  const [ip, id, sound] = ['203.0.113.77', randomUUID(), randomUUID()]
  await results.put(resultWith({ id, ip }))
  await results.put(resultWith({ id: sound, ip }))
  const { truncated: _older, ...older } = resultWith({ id, ip })
  for (const text of [JSON.stringify(older), JSON.stringify({ ...older, status: 'paused' }), 'no JSON', 'null']) {
    await redis.ask.set(`relay-tests:result:${id}`, text)
    await redis.ask.set(`relay-tests:summary:${id}`, '{}')
    assert.equal(await results.get(id), null)
    const { summaries } = await results.list({ ip, mayName: () => true }, 5)
    assert.deepEqual(
      summaries.map((summary) => summary.id),
      [sound],
    )
  }
  assert.deepEqual(logged, ['a stored result does not fit this version and counts as missing'])
})

test('an idempotency key begins its time anew for its own test alone', withRedis, async (t) => {
  const redis = await startRedis(t)
  const [{ claims }] = await redisPair(t, redis)
  await claims.take('k', { testId: 'first', fingerprint: 'f' })
  const key = 'relay-tests:claim:k'
  await redis.ask.pexpire(key, TTL_MS / 2)
  await claims.renew('k', 'second')
  assert.ok((await redis.ask.pttl(key)) <= TTL_MS / 2)
  await claims.renew('k', 'first')
  assert.ok((await redis.ask.pttl(key)) > TTL_MS / 2)
  await claims.renew('none', 'first')
  assert.equal(await claims.find('none'), null)
})

test('signals between replicas', withRedis, async (t) => {
  const redis = await startRedis(t)
  const [here, there] = await redisPair(t, redis)
  const signalOf = (token: string): Signal => ({
    token,
    kind: 'message',
    secrets: ['n'],
    peer: '203.0.113.25',
    helo: 'mail.example.com',
    received: null,
    receivedAt: new Date(0).toISOString(),
    report: null,
  })
  const heard: Signal[] = []
  await here.signals.send(signalOf('before anybody listens'))
  const STUMBLE = 'a stone'
  there.signals.listen((signal) => {
    if (signal.token === STUMBLE) throw new Error('the hearer stumbled')
    heard.push(signal)
  })

  await t.test('tell every mailbox which tokens are good, until the last of their tests is forgotten', async () => {
    const tokens = new Map([
      ['r', 'recipient'],
      ['s', 'sender'],
      ['z', 'steered'],
    ] as const)
    await here.signals.announce('one', tokens, TTL_MS)
    await there.signals.announce('two', tokens, TTL_MS)
    assert.deepEqual(await Promise.all(['r', 's', 'z', 'x'].map((token) => there.signals.kindOf(token))), [
      'recipient',
      'sender',
      'steered',
      null,
    ])
    await here.signals.withdraw('one', tokens.keys())
    assert.equal(await here.signals.kindOf('s'), 'sender')
    await there.signals.withdraw('two', tokens.keys())
    assert.equal(await here.signals.kindOf('s'), null)
  })

  await t.test('tell every replica how long ago a mailbox had a trouble, the last of them', async () => {
    assert.equal(await there.signals.msSinceTrouble(), null)
    await here.signals.noteTrouble(5_000)
    const first = (await there.signals.msSinceTrouble()) ?? 0
    assert.ok(first >= 4_990 && first < 60_000, `${first}`)
    await here.signals.noteTrouble(70_000)
    assert.ok(((await there.signals.msSinceTrouble()) ?? 0) < 60_000, 'an older one changes nothing')
    await there.signals.noteTrouble(0)
    assert.ok(((await here.signals.msSinceTrouble()) ?? 5_000) < 5_000)
  })

  await t.test('are heard in order, those sent before included', async () => {
    await here.signals.send(signalOf('first'))
    await here.signals.send(signalOf('second'))
    await until('two signals', () => heard.some(({ token }) => token === 'second'))
    assert.deepEqual(
      heard.map(({ token }) => token),
      ['before anybody listens', 'first', 'second'],
    )
    assert.deepEqual(heard[1], signalOf('first'))
  })

  await t.test('are heard after one that cannot be read, and after one that its hearer stumbles over', async () => {
    await redis.ask.xadd('relay-tests:signals', '*', 'signal', 'not json')
    await here.signals.send(signalOf(STUMBLE))
    await here.signals.send(signalOf('third'))
    await until('the signal', () => heard.at(-1)?.token === 'third')
    assert.equal(heard.filter(({ token }) => token === 'first').length, 1, 'none is heard again')
  })

  await t.test('are heard again when the server was away, though it has forgotten everything', async () => {
    await redis.kill()
    await assert.rejects(here.signals.send(signalOf('lost')), { name: 'Error' })
    await redis.start()
    await until('a connection', () => isUp(here.server))
    await here.signals.send(signalOf('after'))
    await until('the signal', () => heard.at(-1)?.token === 'after')
  })
})

test('every key in Redis runs out', withRedis, async (t) => {
  const redis = await startRedis(t)
  const [{ leases, claims, counters, results, recentRefusals, signals, stops, server }] = await redisPair(t, redis)
  await leases.acquire('a', { testId: 'test', customerId: 'acme' }, TTL_MS)
  await claims.take('k', { testId: 'test', fingerprint: 'f' })
  await counters.count('w', TTL_MS)
  await results.put(resultWith({ reference: 'r' }))
  await recentRefusals.note('a')
  await signals.announce('test', new Map([['token', 'sender']]), TTL_MS)
  const mail = { token: 't', secrets: [], peer: 'p', helo: 'h', received: null, receivedAt: '', report: null }
  await signals.send({ ...mail, kind: 'message' })
  await signals.noteTrouble(0)
  await stops.ask('test')
  await server?.look()
  const keys = await redis.ask.keys('*')
  assert.equal(keys.length, 19, keys.join(' '))
  for (const key of keys) {
    assert.match(key, /^relay-tests:/)
    assert.ok((await redis.ask.pttl(key)) > 0, key)
  }
})

test('the addresses of the server are those that its name leads to, and the one that answers', withRedis, async (t) => {
  const { port } = await startRedis(t)
  const stores = redisStores(`redis://localhost:${port}`, LIFETIMES, SILENT)
  t.after(() => stores.close())
  await until('the address', () => stores.server?.addresses().includes('127.0.0.1'))
})
