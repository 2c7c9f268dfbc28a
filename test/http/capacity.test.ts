/** The slots for tests that run at the same time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../src/contract/limits.ts'
import { bearer, callersYaml, keyOf, leftOf, problemIn, resultOf } from '../harness/http.ts'
import { deadPort, gatedServer } from '../harness/mail-scripts.ts'
import { KEYS, startService } from '../harness/service.ts'
import { beforeAnswer } from '../harness/waiting.ts'

const DESK = bearer(KEYS.desk)
const ONCE = bearer(keyOf('1'))
const CALLERS = callersYaml([
  { id: 'partner', key: KEYS.partner, customers: '[acme, beta]' },
  { id: 'desk', key: KEYS.desk, customers: 'all' },
  { id: 'once', key: keyOf('1'), customers: '[acme]', quota: '1/1h' },
])

test('a caller holds at most a quarter of four slots', async (t) => {
  const dead = await deadPort()
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, {
    env: { ALLOWED_PORTS: `${server.port},${dead}`, MAX_CONCURRENT_TESTS: '4' },
    callers: CALLERS,
  })
  const here = { ip: '127.0.0.1', port: server.port }
  const elsewhere = { ip: '127.0.0.2', port: dead }

  /** Runs `work` while a test of this caller runs. */
  const during = async (headers: Record<string, string>, work: () => Promise<void>) => {
    const stalled = hold(/^EHLO/)
    const response = service.post(here, headers)
    await beforeAnswer('the test', stalled, response)
    try {
      await work()
    } finally {
      release()
    }
    await resultOf(await response)
  }

  await t.test('GET /limits shows the share', async () => {
    assert.equal(limits.parse(await (await service.fetch('/limits')).json()).concurrentTests, 1)
  })

  await t.test('one more test of the caller is 503 at any address, and another caller can still test', async () => {
    await during({}, async () => {
      const full = await service.post(elsewhere)
      assert.ok(Number(full.headers.get('retry-after')) > 0)
      await problemIn(full, 'at-capacity')
      // The slot is checked before the lease, so this is not `target-busy`.
      await problemIn(await service.post(here), 'at-capacity')
      await problemIn(await service.post(here, DESK), 'target-busy')
      await resultOf(await service.post(elsewhere, DESK))
    })
    await resultOf(await service.post(elsewhere))
  })

  await t.test('neither the 503 nor the 409 costs a test', async () => {
    await during({}, async () => {
      for (const [key, slug] of [
        [KEYS.partner, 'at-capacity'],
        [KEYS.desk, 'target-busy'],
      ] as const) {
        const before = await leftOf(service, 'tests-caller', key)
        await problemIn(await service.post(here, bearer(key)), slug)
        assert.equal(await leftOf(service, 'tests-caller', key), before, slug)
      }
    })
  })

  await t.test('a used-up quota is reported before a lack of slots', async () => {
    await during(ONCE, async () => {
      await problemIn(await service.post(elsewhere, ONCE), 'quota-exceeded')
    })
  })
})

test('when all slots are taken, every caller is told so', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, MAX_CONCURRENT_TESTS: '1' } })
  const stalled = hold(/^EHLO/)
  const running = service.post({ ip: '127.0.0.1', port: server.port })
  await beforeAnswer('the test', stalled, running)
  const elsewhere = { ip: '127.0.0.2', port: server.port }
  await problemIn(await service.post(elsewhere, DESK), 'at-capacity')
  release()
  await resultOf(await running)
  await resultOf(await service.post(elsewhere, DESK))
})
