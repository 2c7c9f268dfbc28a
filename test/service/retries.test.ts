/** Random retries with idempotency keys at two replicas start one test each. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { RequestProblem } from '../../src/service/problem.ts'
import { readRequest } from '../../src/service/request.ts'
import { redisStores } from '../../src/store/redis/stores.ts'
import { memoryStores, type Stores } from '../../src/store/stores.ts'
import fc from '../harness/fast-check.ts'
import { cases } from '../harness/mass.ts'
import { startRecorder } from '../harness/recorder.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { inProcess } from '../harness/relay-tests.ts'
import { until } from '../harness/waiting.ts'

const SCHEDULES = cases(100)
const AT_ONCE = 20
const TTL_MS = 600_000

/** One request of a schedule: when it comes, to which replica, and when its caller leaves. */
interface Try {
  readonly afterMs: number
  readonly replica: 0 | 1
  readonly respondAsync: boolean
  /** Null if the caller stays to the end. */
  readonly leavesAfterMs: number | null
}

const oneTry: fc.Arbitrary<Try> = fc.record({
  afterMs: fc.nat(12),
  replica: fc.constantFrom(0, 1),
  respondAsync: fc.boolean(),
  leavesAfterMs: fc.option(fc.nat(6)),
})
const schedules = fc.array(fc.array(oneTry, { minLength: 2, maxLength: 6 }), { minLength: AT_ONCE, maxLength: AT_ONCE })

const CUSTOMERS = 'customers: [{ id: acme, name: Acme, networks: [127.7.0.0/16], domains: [example.com] }]\n'

/** The problems that a retry may get before the result is there. */
const TRY_AGAIN = ['idempotency-running', 'target-busy']

const PAIRS: readonly (readonly [
  name: string,
  options: object,
  open: (t: TestContext) => Promise<[Stores, Stores]>,
])[] = [
  [
    'memory',
    {},
    async () => {
      const stores = memoryStores(TTL_MS)
      return [stores, stores]
    },
  ],
  [
    'Redis',
    withRedis,
    async (t) => {
      const { url } = await startRedis(t)
      const open = async () => {
        const stores = redisStores(url, { resultTtlMs: TTL_MS, leaseMs: TTL_MS }, { info() {}, error() {} })
        t.after(() => stores.close())
        await until('Redis', async () => (await stores.server?.look())?.isUp)
        return stores
      }
      return [await open(), await open()]
    },
  ],
]

for (const [name, options, open] of PAIRS) {
  test(
    `each of ${SCHEDULES} random schedules of retries starts one test, with stores in ${name}`,
    options,
    async (t) => {
      const recorder = await startRecorder(t)
      const options = { customers: CUSTOMERS, env: { MAX_CONCURRENT_TESTS: '1000' } }
      const replicas = await Promise.all((await open(t)).map((stores) => inProcess(t, stores, options)))
      let keys = 0

      const ask = async (key: string, ip: string, { replica, respondAsync }: Try, gone?: AbortSignal) => {
        const { relayTests, asking } = replicas[replica] ?? assert.fail()
        const request = readRequest(
          { ip, port: recorder.port },
          { allowedPorts: [recorder.port], defaultProof: 'message' },
        )
        const asked = { idempotencyKey: key, respondAsync, live: false }
        return relayTests.start(request, asking('partner', gone), asked).catch((error: unknown) => {
          assert.ok(error instanceof RequestProblem && TRY_AGAIN.includes(error.slug), String(error))
          return null
        })
      }

      /** Carries out a schedule with its own key and its own address. */
      const follow = async (tries: readonly Try[]): Promise<void> => {
        keys += 1
        const [key, ip] = [`key ${keys}`, `127.7.${keys >> 8}.${keys & 255}`]
        const seen = await Promise.all(
          tries.map(async (one) => {
            await sleep(one.afterMs)
            const gone = one.leavesAfterMs === null ? undefined : AbortSignal.timeout(one.leavesAfterMs)
            return ask(key, ip, one, gone)
          }),
        )
        const last: Try = { afterMs: 0, replica: 0, respondAsync: false, leavesAfterMs: null }
        const final = await until('the result', () => ask(key, ip, last))
        const results = [...seen, final].flatMap((answer) => answer?.result ?? [])
        assert.deepEqual([...new Set(results.map(({ id }) => id))], [final.result.id])
        const finished = results.filter(({ status }) => status === 'finished')
        for (const result of finished) assert.deepEqual(result, final.result)
        assert.equal(count(ip), 1, `${ip}: ${JSON.stringify(tries)}`)
        assert.notEqual((final.result satisfies RelayTest).reason, 'interrupted')
      }
      const count = (ip: string) => recorder.dialled.filter((dialled) => dialled === ip).length

      const run = fc.asyncProperty(schedules, async (batch) => {
        await Promise.all(batch.map(follow))
      })
      // A failed batch is not shrunk: a smaller one would use new keys, and the old connections would still count.
      await fc.assert(run, { numRuns: SCHEDULES / AT_ONCE, endOnFailure: true })
      await Promise.all(replicas.map(({ relayTests }) => relayTests.idle()))
      const intents = replicas.flatMap(({ audited }) => audited.filter(({ audit }) => audit === 'intent'))
      assert.deepEqual([keys, intents.length, recorder.dialled.length], [SCHEDULES, SCHEDULES, SCHEDULES])
    },
  )
}
