/** Relay tests over HTTP: run them, read them, in JSON and as text. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { formsOf } from '../../src/relay/forms.ts'
import { bearer, callersYaml, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed, deadPort, gatedServer, open } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService } from '../harness/service.ts'
import { inTime } from '../harness/waiting.ts'

const OTHER = keyOf('o')
const CALLERS = callersYaml([
  { id: 'partner', key: KEYS.partner, customers: '[acme, beta]' },
  { id: 'desk', key: KEYS.desk, customers: 'all' },
  { id: 'other', key: OTHER, customers: '[gamma]' },
])
const TEXT = { accept: 'text/plain' }

test('relay tests over HTTP', async (t) => {
  const shut = await scriptedServer(t, { say: closed })
  const lax = await scriptedServer(t, { say: open })
  const gated = await gatedServer(t)
  const dead = await deadPort()
  const ports = [shut.port, lax.port, gated.server.port, dead]
  const service = await startService(t, { env: { ALLOWED_PORTS: ports.join(',') }, callers: CALLERS })
  const post = (port: number, more: object = {}, headers: Record<string, string> = {}) =>
    service.post({ ip: '127.0.0.1', port, ...more }, headers)
  const read = (path: string, headers: Record<string, string> = {}) => service.fetch(path, { headers })

  await t.test('a server that refuses to relay is closed, and its result can be read again', async () => {
    const response = await post(shut.port)
    const location = response.headers.get('location') ?? ''
    const result = await resultOf(response)
    assert.equal(location, `/relay-tests/${result.id}`)
    assert.deepEqual(
      [result.status, result.verdict, result.evidence, result.reason],
      ['finished', 'closed', 'none', null],
    )
    assert.deepEqual([result.customerId, result.domain, result.domainSource], ['acme', 'example.com', 'customer'])
    assert.deepEqual(
      [result.ip, result.port, result.suite, result.proof],
      ['127.0.0.1', shut.port, 'standard', 'message'],
    )
    assert.deepEqual(await resultOf(await read(location), 200), result)
  })

  await t.test('a server that relays is open', async () => {
    const result = await resultOf(await post(lax.port))
    assert.deepEqual([result.verdict, result.evidence, result.cause], ['open', 'message-accepted', 'everyone'])
    assert.ok(lax.lines.includes('DATA'))
  })

  await t.test('a slash at the end of a path changes nothing', async () => {
    const response = await service.fetch('/relay-tests/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ip: '127.0.0.1', port: dead }),
    })
    const location = response.headers.get('location') ?? ''
    const result = await resultOf(response)
    assert.equal(location, `/relay-tests/${result.id}`)
    assert.deepEqual(await resultOf(await read(`${location}/`), 200), result)
    assert.equal((await read('/relay-tests/?ip=127.0.0.1')).status, 200)
  })

  await t.test('the suite full asks every form of it', async () => {
    const result = await resultOf(await post(shut.port, { suite: 'full' }))
    assert.deepEqual([result.suite, result.verdict], ['full', 'closed'])
    const asked = result.attempts.filter(({ control }) => !control).map(({ form }) => form)
    assert.deepEqual(
      asked.toSorted(),
      formsOf('full')
        .map(({ id }) => id)
        .toSorted(),
    )
  })

  await t.test('with proof recipient no message is sent', async () => {
    const before = lax.lines.length
    const result = await resultOf(await post(lax.port, { proof: 'recipient' }))
    assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'recipient-accepted'])
    assert.equal(lax.lines.slice(before).includes('DATA'), false)
  })

  await t.test('a dead port is a result, not an error', async () => {
    const result = await resultOf(await post(dead))
    assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'connection-refused'])
    assert.deepEqual([...new Set(result.attempts.map(({ outcome }) => outcome))], ['not-run'])
  })

  await t.test(
    'text/plain shows the verdict first and each reply under its command, in the first answer and in later ones',
    async () => {
      const response = await post(shut.port, {}, TEXT)
      const text = await response.text()
      assert.equal(response.status, 201)
      assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.ok(text.startsWith(`CLOSED  127.0.0.1:${shut.port} (example.com)\n`), text)
      assert.match(
        text,
        /\n-> RCPT TO:<[a-z2-7]{16}@relaytest\.isp\.example>\n<- 554 5\.7\.1 <recipient>: Relay access denied\n/,
      )
      const later = await read(response.headers.get('location') ?? '', { accept: 'text/*' })
      assert.equal(await later.text(), text)
    },
  )

  await t.test('the media type that the caller prefers is sent', async () => {
    const location = (await post(shut.port)).headers.get('location') ?? ''
    const cases = [
      ['*/*', 'application/json'],
      ['application/*', 'application/json'],
      ['text/plain;q=0.5, application/json', 'application/json'],
      ['text/plain, application/json;q=0.5', 'text/plain'],
      ['application/xml, text/plain;q=0.1', 'text/plain'],
    ] as const
    for (const [accept, expected] of cases) {
      const type = (await read(location, { accept })).headers.get('content-type') ?? ''
      assert.equal(type.split(';')[0], expected, accept)
    }
  })

  await t.test('the reference is echoed and never reaches the mail server', async () => {
    const reference = 'TICKET-4711 "a" \\ {~}'
    const before = lax.lines.length
    const response = await post(lax.port, { reference })
    const location = response.headers.get('location') ?? ''
    assert.equal((await resultOf(response)).reference, reference)
    assert.equal((await resultOf(await read(location), 200)).reference, reference)
    const said = lax.lines.slice(before)
    assert.ok(said.includes('DATA'))
    assert.deepEqual(
      said.filter((line) => line.includes('4711')),
      [],
    )
    assert.equal((await resultOf(await post(dead))).reference, null)
  })

  await t.test('unknown, foreign and malformed ids are the same 404', async () => {
    const foreign = await resultOf(await service.post({ ip: '127.0.2.1', port: dead }, bearer(KEYS.desk)))
    assert.equal(foreign.customerId, 'gamma')
    const ids = [
      randomUUID(),
      foreign.id,
      foreign.id.toUpperCase(),
      'x',
      '%00',
      '..%2f..',
      '__proto__',
      'a'.repeat(100),
    ]
    const bodies = await Promise.all(
      ids.map(async (id) => ({ ...(await problemIn(await read(`/relay-tests/${id}`), 'not-found')), instance: '' })),
    )
    for (const [index, body] of bodies.entries()) assert.deepEqual(body, bodies[0], ids[index])
  })

  for (const [title, id] of [
    ['that is no percent-encoding', '%zz'],
    ['of 300 characters', 'a'.repeat(300)],
  ] as const) {
    await t.test(`an id ${title} is the same 404`, async () => {
      await problemIn(await read(`/relay-tests/${id}`), 'not-found')
    })
  }

  await t.test('a result is shown only to callers with its customer in their scope', async () => {
    const { id } = await resultOf(await post(dead))
    assert.equal((await resultOf(await read(`/relay-tests/${id}`, bearer(KEYS.desk)), 200)).id, id)
    await problemIn(await read(`/relay-tests/${id}`, bearer(OTHER)), 'not-found')
    const gamma = await resultOf(await service.post({ ip: '127.0.2.1', port: dead }, bearer(OTHER)))
    assert.equal((await resultOf(await read(`/relay-tests/${gamma.id}`, bearer(OTHER)), 200)).customerId, 'gamma')
    await problemIn(await read(`/relay-tests/${gamma.id}`), 'not-found')
  })

  await t.test('a second test of a busy address is 409 with the path of the running one', async () => {
    const stalled = gated.hold(/^EHLO/)
    const first = post(gated.server.port, { reference: 'first' })
    await inTime('the first test', stalled)
    const busy = await post(dead, { reference: 'second' })
    const location = busy.headers.get('location') ?? ''
    const { detail } = await problemIn(busy, 'target-busy')
    assert.equal(detail, '127.0.0.1 is being tested right now: read that result, or try again in a few seconds.')
    assert.ok(Number(busy.headers.get('retry-after')) > 0)
    const running = await resultOf(await read(location), 200)
    assert.deepEqual(
      [running.status, running.reference, running.verdict, running.finishedAt],
      ['running', 'first', null, null],
    )
    const text = await (await read(location, TEXT)).text()
    assert.deepEqual(text.split('\n').slice(0, 3), [
      `RUNNING  127.0.0.1:${gated.server.port} (example.com)`,
      `id ${running.id}`,
      '',
    ])
    assert.match(text, /^<- 220 .*\n-> EHLO /m)
    gated.release()
    const finished = await resultOf(await first)
    assert.equal(location, `/relay-tests/${finished.id}`)
    assert.deepEqual(await resultOf(await read(location), 200), finished)
    assert.equal((await post(dead)).status, 201)
  })
})
