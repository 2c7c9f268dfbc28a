/** Idempotency keys over HTTP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bearer, callersYaml, keyOf, leftOf, problemIn, resultOf } from '../harness/http.ts'
import { gatedServer, open } from '../harness/mail-scripts.ts'
import { conforms } from '../harness/openapi.ts'
import { KEYS, startService } from '../harness/service.ts'
import { beforeAnswer, until } from '../harness/waiting.ts'

const CALLERS = callersYaml([
  { id: 'partner', key: KEYS.partner, customers: '[acme, beta]' },
  { id: 'desk', key: KEYS.desk, customers: 'all' },
  { id: 'once', key: keyOf('1'), customers: '[acme]', quota: '1/1h' },
])

test('an idempotency key', async (t) => {
  const { server, hold, release } = await gatedServer(t, open)
  const service = await startService(t, { env: { ALLOWED_PORTS: `25,${server.port}` }, callers: CALLERS })
  const here = { ip: '127.0.0.1', port: server.port }
  const post = (key: string, body: object = here, headers: Record<string, string> = {}) =>
    service.post(body, { 'idempotency-key': key, ...headers })
  const audited = () => service.logs().filter(({ audit }) => audit === 'intent').length

  await t.test('starts one test, and each retry gets its result without using a quota of tests', async () => {
    const first = await post('a')
    assert.equal(first.headers.get('idempotency-replayed'), null)
    const made = await resultOf(first)
    const [connections, left] = [server.connections, await leftOf(service, 'tests-caller', KEYS.partner)]
    for (let retry = 0; retry < 3; retry += 1) {
      const again = await post('a')
      assert.equal(again.headers.get('idempotency-replayed'), 'true')
      assert.equal(again.headers.get('location'), `/relay-tests/${made.id}`)
      assert.deepEqual(await resultOf(again), made)
    }
    const text = await post('a', here, { accept: 'text/plain' })
    assert.equal(text.status, 201)
    assert.match(await text.text(), /250/)
    assert.equal(server.connections, connections)
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), left)
  })

  await t.test('stands for the request as it was understood, defaults included', async () => {
    const same = { suite: 'standard', port: server.port, proof: 'message', ip: '127.0.0.1' }
    assert.equal((await post('a', same)).headers.get('idempotency-replayed'), 'true')
    await resultOf(await post('case', { ...here, domain: 'example.com' }))
    const shouted = await post('case', { ...here, domain: 'EXAMPLE.com' })
    assert.equal(shouted.headers.get('idempotency-replayed'), 'true')
    for (const other of [
      { ...here, ip: '127.0.0.2' },
      { ...here, port: 25 },
      { ...here, suite: 'full' },
      { ...here, proof: 'recipient' },
      { ...here, reference: 'a' },
      { ...here, domain: 'example.net' },
      { ...here, customerId: 'acme' },
    ]) {
      await conforms('post /relay-tests', await post('a', other), 'idempotency-mismatch')
    }
  })

  await t.test('belongs to one caller, and another key is another test', async () => {
    const mine = await resultOf(await post('a'))
    const theirs = await resultOf(await post('a', here, bearer(KEYS.desk)))
    const others = await resultOf(await post('b'))
    assert.equal(new Set([mine.id, theirs.id, others.id]).size, 3)
  })

  await t.test('of a running test is 409 with the path of its result, and uses no quota of tests', async () => {
    const stalled = hold(/^EHLO/)
    const running = post('c')
    await beforeAnswer('the test', stalled, running)
    const left = await leftOf(service, 'tests-caller', KEYS.partner)
    const retry = await post('c')
    const location = retry.headers.get('location') ?? ''
    assert.ok(Number(retry.headers.get('retry-after')) > 0)
    await conforms('post /relay-tests', retry, 'idempotency-running')
    assert.equal((await resultOf(await service.fetch(location), 200)).status, 'running')
    await problemIn(await post('c', { ...here, reference: 'x' }), 'idempotency-mismatch')
    await problemIn(await service.post(here), 'target-busy')
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), left)
    release()
    const made = await resultOf(await running)
    assert.equal(location, `/relay-tests/${made.id}`)
    assert.deepEqual(await resultOf(await post('c')), made)
  })

  await t.test('lets the test continue without its caller, who can get the whole result later', async () => {
    const intents = audited()
    const stalled = hold(/^EHLO/)
    const leaving = new AbortController()
    const request = service.fetch('/relay-tests', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'd' },
      body: JSON.stringify(here),
      signal: leaving.signal,
    })
    await beforeAnswer('the test', stalled, request)
    leaving.abort()
    await assert.rejects(request, { name: 'AbortError' })
    await problemIn(await post('d'), 'idempotency-running')
    release()
    const result = await until('the result', async () => {
      const retry = await post('d')
      return retry.status === 201 && resultOf(retry)
    })
    assert.deepEqual([result.verdict, result.evidence], ['open', 'message-accepted'])
    assert.equal(audited(), intents + 1)
  })

  await t.test('of a refused request can be used again', async () => {
    await problemIn(await post('e', { ...here, port: 26 }), 'invalid-request')
    await problemIn(await post('e', { ...here, ip: '127.0.2.1' }), 'not-allowed')
    await problemIn(await post('e', { ...here, domain: 'a.invalid' }), 'domain-not-listed')
    const stalled = hold(/^EHLO/)
    const running = service.post(here)
    await beforeAnswer('the test', stalled, running)
    await problemIn(await post('e'), 'target-busy')
    release()
    await resultOf(await running)
    const once = bearer(keyOf('1'))
    await resultOf(await service.post(here, once))
    await problemIn(await post('e', here, once), 'quota-exceeded')
    const made = await post('e')
    assert.equal(made.headers.get('idempotency-replayed'), null)
    await resultOf(made)
  })

  await t.test('is checked before the quotas', async () => {
    const only = await startService(t, {
      env: { ALLOWED_PORTS: `${server.port}`, QUOTA_NETWORK: '1/1h' },
      callers: CALLERS,
    })
    const made = await resultOf(await only.post(here, { 'idempotency-key': 'f' }))
    await problemIn(await only.post(here), 'quota-exceeded')
    assert.deepEqual(await resultOf(await only.post(here, { 'idempotency-key': 'f' })), made)
  })
})
