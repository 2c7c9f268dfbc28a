/** The TypeScript client in the sandbox, as a partner would try it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RelayTestClient, RelayTestProblem } from '../../src/client/client.ts'
import { follow, linesIn } from '../harness/events.ts'
import { startSandbox } from '../harness/sandbox.ts'

/** The client in the sandbox, as a partner's engineer first uses it: no mail server is needed. */
test('a client in the sandbox', async (t) => {
  const { url, key } = await startSandbox(t)
  const client = new RelayTestClient({ url, key, patienceMs: 0 })

  await t.test('gets every verdict, each with its steps', async () => {
    for (const [ip, verdict, reason] of [
      ['192.0.2.1', 'closed', null],
      ['192.0.2.2', 'open', null],
      ['192.0.2.3', 'inconclusive', 'greylisted'],
      ['192.0.2.4', 'inconclusive', 'connect-timeout'],
      ['192.0.2.7', 'inconclusive', 'ambiguous-accepted'],
      ['192.0.2.8', 'inconclusive', 'words-unknown'],
    ] as const) {
      const result = await client.create({ ip })
      assert.deepEqual([result.ip, result.verdict, result.reason], [ip, verdict, reason])
      assert.equal(result.remedy === null, verdict === 'closed', ip)
      assert.ok(reason !== 'greylisted' || (result.retryAfter ?? 0) > 0)
    }
  })

  await t.test('waits for a slow test, and follows it from its first line', async () => {
    const { id, status } = await client.create({ ip: '192.0.2.5' }, { respondAsync: true, idempotencyKey: 'slow' })
    assert.equal(status, 'running')
    const [events, result] = await Promise.all([follow(client.follow(id)).ended, client.wait(id)])
    assert.equal(result.verdict, 'closed')
    assert.deepEqual(
      linesIn(events),
      result.transcript.map(({ line }) => line),
    )
    assert.deepEqual(await client.create({ ip: '192.0.2.5' }, { idempotencyKey: 'slow' }), result)
  })

  await t.test('gets a used-up quota, with the last test to read instead', async () => {
    const error = await client.create({ ip: '192.0.2.6' }).catch((reason: unknown) => reason)
    assert.ok(error instanceof RelayTestProblem)
    assert.deepEqual([error.slug, error.status, error.violatedPolicies], ['quota-exceeded', 429, ['tests-target']])
    assert.ok(error.retryAfter !== null && error.retryAfter > 0)
    assert.equal(error.lastTest, null)
  })

  await t.test('looks up a name', async () => {
    const { addresses } = await client.addresses('mail.example.com')
    assert.deepEqual(
      addresses.map(({ ip, testable, customerId }) => [ip, testable, customerId]),
      [1, 2, 3, 4, 5, 6, 7, 8].map((last) => [`192.0.2.${last}`, true, 'sandbox-portal']),
    )
  })
})
