/** The preference respond-async. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayTest } from '../../src/contract/relay-test.ts'
import { problemIn, resultOf } from '../harness/http.ts'
import { closed, gatedServer } from '../harness/mail-scripts.ts'
import { conforms } from '../harness/openapi.ts'
import { startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

test('a caller that prefers not to wait', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const here = { ip: '127.0.0.1', port: server.port }
  const ask = (prefer: string, headers: Record<string, string> = {}) => service.post(here, { prefer, ...headers })
  const finished = (location: string) =>
    until('the result', async () => {
      const result = await resultOf(await service.fetch(location), 200)
      return result.status === 'finished' && result
    })

  await t.test('gets the path of the result at once, and the test continues without it', async () => {
    const stalled = hold(/^EHLO/)
    const response = await ask('respond-async')
    const location = response.headers.get('location') ?? ''
    assert.ok(Number(response.headers.get('retry-after')) > 0)
    assert.equal(response.headers.get('preference-applied'), 'respond-async')
    const running = relayTest.parse(await conforms('post /relay-tests', response, 202))
    assert.deepEqual([running.status, running.verdict, location], ['running', null, `/relay-tests/${running.id}`])
    await inTime('the test', stalled)
    release()
    assert.equal((await finished(location)).verdict, 'closed')
  })

  await t.test('gets a running test as text, too', async () => {
    const response = await ask('respond-async', { accept: 'text/plain' })
    assert.equal(response.status, 202)
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
    await finished(response.headers.get('location') ?? '')
  })

  await t.test('may say so among other preferences', async () => {
    for (const prefer of ['wait=10, respond-async', 'Respond-Async; a=b', 'return=minimal,respond-async']) {
      const response = await ask(prefer)
      assert.equal(response.status, 202, prefer)
      await finished(response.headers.get('location') ?? '')
    }
    for (const prefer of ['', 'wait=10', 'respond-asynchronously', 'x="respond-async"']) {
      await resultOf(await ask(prefer))
    }
  })

  await t.test('is refused like any other caller', async () => {
    const stalled = hold(/^EHLO/)
    const running = service.post(here)
    await inTime('the test', stalled)
    await problemIn(await ask('respond-async'), 'target-busy')
    release()
    await resultOf(await running)
  })

  await t.test('gets 202 again for a retry while the test runs, and then its result', async () => {
    const key = { 'idempotency-key': 'k' }
    const stalled = hold(/^EHLO/)
    const [first, again] = [await ask('respond-async', key), await ask('respond-async', key)]
    await inTime('the test', stalled)
    assert.deepEqual([first.status, again.status], [202, 202])
    const location = first.headers.get('location') ?? ''
    assert.equal(again.headers.get('location'), location)
    assert.equal(again.headers.get('idempotency-replayed'), null)
    await problemIn(await service.post(here, key), 'idempotency-running')
    release()
    const result = await finished(location)
    const late = await ask('respond-async', key)
    assert.equal(late.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual(await resultOf(late), result)
  })

  await t.test('loses no result to a shutdown', async () => {
    const stalled = hold(/^EHLO/)
    const response = await ask('respond-async')
    const { id } = relayTest.parse(await response.json())
    await inTime('the test', stalled)
    const ended = service.stop()
    release()
    assert.equal(await ended, 0)
    const lines = service.logs().filter((line) => line.id === id && line.audit === 'result')
    assert.deepEqual(
      lines.map(({ verdict }) => verdict),
      ['closed'],
    )
  })
})
