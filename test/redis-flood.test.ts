/** A stranger who knows a test address sends mail to it without end: Redis does not grow. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { pino } from 'pino'
import { BASE32 } from '../src/mailbox/base32.ts'
import { Amendments } from '../src/service/amend.ts'
import { Deliveries } from '../src/service/deliveries.ts'
import { redisStores } from '../src/store/redis/stores.ts'
import { StoreUnavailable } from '../src/store/unavailable.ts'
import { cases } from './harness/mass.ts'
import { startRedis, withRedis } from './harness/redis.ts'
import { until } from './harness/waiting.ts'

const MESSAGES = cases(2_500)
const TOKENS = 100
const LIFETIMES = { resultTtlMs: 60_000, leaseMs: 60_000 }

/** A text in the form of a secret. */
const guess = () => Array.from(randomBytes(26), (byte) => BASE32[byte & 31]).join('')

test(
  `${MESSAGES} of the largest messages, to one test address and to ${TOKENS}, leave Redis small`,
  withRedis,
  async (t) => {
    const redis = await startRedis(t)
    const stores = redisStores(redis.url, LIFETIMES, { info() {}, error() {} })
    t.after(() => stores.close())
    await until('a connection', async () => (await stores.server?.look())?.isUp)
    const amendments = new Amendments({ stores, log: pino({ level: 'silent' }), amended() {} })
    const deliveries = new Deliveries(stores.signals, amendments)
    const arrive = (token: string) =>
      deliveries.arrived({
        token,
        kind: 'message',
        secrets: Array.from({ length: 32 }, guess),
        received: ['x'.repeat(1_024)],
        report: null,
        peer: '198.51.100.66',
        helo: 'h'.repeat(256),
        mailFrom: 'someone@example.org',
        receivedAt: new Date(),
      })
    const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.ask.info('memory'))?.[1])
    const flood = async (tokenOf: (index: number) => string) => {
      let refused = 0
      for (let index = 0; index < MESSAGES; index += 1) {
        await arrive(tokenOf(index)).catch((error: unknown) => {
          assert.ok(error instanceof StoreUnavailable)
          refused += 1
        })
      }
      return refused
    }
    const before = await memory()
    assert.ok((await flood(() => 'a'.repeat(16))) >= MESSAGES - 100, 'one test address is bounded')
    const one = await memory()
    await flood((index) => `${index % TOKENS}`.padStart(16, 'b'))
    const many = await memory()
    const figures = [before, one, many].map((bytes) => `${Math.round(bytes / 1024)} KiB`).join(', ')
    t.diagnostic(`Redis before, after one address and after ${TOKENS}: ${figures}`)
    assert.ok(one - before < 1024 * 1024)
    assert.ok(many - before < 6 * 1024 * 1024)
    assert.ok((await redis.ask.xlen('relay-tests:signals')) <= 1_000)
    // Others are still heard.
    const heard: string[] = []
    stores.signals.listen(({ token }) => heard.push(token))
    await arrive('c'.repeat(16))
    await until('the signal', () => heard.includes('c'.repeat(16)))
  },
)
