/** Finding earlier tests by address or reference. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayTestList } from '../../src/contract/relay-test.ts'
import { bearer, problemIn, resultOf } from '../harness/http.ts'
import { deadPort, gatedServer } from '../harness/mail-scripts.ts'
import { conforms } from '../harness/openapi.ts'
import { KEYS, startService } from '../harness/service.ts'
import { beforeAnswer } from '../harness/waiting.ts'

test('tests are found again', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const dead = await deadPort()
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port},${dead}` } })
  const make = async (ip: string, reference?: string) =>
    (await resultOf(await service.post({ ip, port: dead, reference }, bearer(KEYS.desk)))).id
  const page = async (query: string, key: string = KEYS.partner) => {
    const response = await service.fetch(`/relay-tests?${query}`, { headers: bearer(key) })
    return relayTestList.parse(await conforms('get /relay-tests', response, 200))
  }
  const list = async (query: string, key?: string) => (await page(query, key)).relayTests
  const idsIn = async (query: string, key?: string) => (await list(query, key)).map(({ id }) => id)

  const [a, b] = [await make('127.0.0.1', 'TICKET 1 & 2'), await make('127.0.1.1', 'TICKET 1 & 2')]
  const c = await make('127.0.2.1', 'TICKET 1 & 2')
  const d = await make('127.0.0.1')
  const reference = `reference=${encodeURIComponent('TICKET 1 & 2')}`

  await t.test('by their address, newest first', async () => {
    assert.deepEqual(await idsIn('ip=127.0.0.1'), [d, a])
    assert.deepEqual(await idsIn('ip=127.0.0.9'), [])
  })

  await t.test('by their reference, if the key may test their customers', async () => {
    assert.deepEqual(await idsIn(reference), [b, a])
    assert.deepEqual(await idsIn(reference, KEYS.desk), [c, b, a])
    assert.deepEqual(await idsIn('ip=127.0.2.1'), [])
    assert.deepEqual(await idsIn('reference=TICKET'), [])
  })

  await t.test('without their transcripts', async () => {
    const [newest] = await list('ip=127.0.0.1')
    assert.deepEqual([newest?.verdict, newest?.reason], ['inconclusive', 'connection-refused'])
    assert.equal('transcript' in (newest ?? {}), false)
  })

  await t.test('while they run', async () => {
    const stalled = hold(/^EHLO/)
    const running = service.post({ ip: '127.0.0.1', port: server.port })
    await beforeAnswer('the test', stalled, running)
    assert.equal((await list('ip=127.0.0.1'))[0]?.status, 'running')
    release()
    const { id } = await resultOf(await running)
    assert.deepEqual(await idsIn('ip=127.0.0.1'), [id, d, a])
  })

  await t.test('without any filter, if the key may test their customers', async () => {
    assert.deepEqual((await idsIn('')).slice(-3), [d, b, a])
    assert.deepEqual((await idsIn('', KEYS.desk)).slice(-4), [d, c, b, a])
  })

  await t.test('by customer, verdict and time', async () => {
    assert.deepEqual(await idsIn('customerId=beta'), [b])
    assert.deepEqual(await idsIn('customerId=gamma'), [], 'this key may not test gamma')
    assert.deepEqual(await idsIn('customerId=gamma&verdict=inconclusive', KEYS.desk), [c])
    const [closed] = await list('verdict=closed')
    assert.equal(closed?.port, server.port)
    assert.deepEqual(await idsIn(`since=${closed?.createdAt}`), [closed?.id])
    assert.deepEqual(await idsIn(`${reference}&ip=127.0.1.1`), [b])
  })

  await t.test('twenty at a time, or as many as were asked for, and on to the oldest', async () => {
    const made: string[] = []
    for (let count = 0; count < 21; count += 1) made.unshift(await make('127.0.0.5'))
    const first = await page('ip=127.0.0.5')
    assert.deepEqual(
      first.relayTests.map(({ id }) => id),
      made.slice(0, 20),
    )
    const second = await page(`ip=127.0.0.5&cursor=${first.nextCursor}`)
    assert.deepEqual([second.relayTests.map(({ id }) => id), second.nextCursor], [made.slice(20), null])
    assert.deepEqual(await idsIn('ip=127.0.0.5&limit=2'), made.slice(0, 2))
    assert.deepEqual(await idsIn('ip=127.0.0.5&limit=100'), made)
  })

  await t.test('and a query that cannot be read is refused, with each of its faults', async () => {
    const response = await service.fetch('/relay-tests?limit=0&verdict=shut&port=25')
    const { errors = [], detail } = await problemIn(response, 'invalid-request')
    assert.deepEqual(
      errors.map(({ pointer }) => pointer),
      ['/verdict', '/limit', '/port'],
    )
    assert.equal(
      detail,
      'verdict: must be one of open, closed, inconclusive; limit: must be a number from 1 to 100; port: unknown parameter: remove it',
    )
  })
})
