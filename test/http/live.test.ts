/** Tests that are followed live as server-sent events. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import Fastify from 'fastify'
import type { RelayTestEvent } from '../../src/contract/events.ts'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { CallerConnections } from '../../src/http/connections.ts'
import { sendEvents } from '../../src/http/event-stream.ts'
import { registerShutdown } from '../../src/http/shutdown.ts'
import { eventsOf, follow, linesIn } from '../harness/events.ts'
import { bearer, keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed, gatedServer, open } from '../harness/mail-scripts.ts'
import { ajv } from '../harness/openapi.ts'
import { startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const STREAM = { accept: 'text/event-stream' }

test('a test that is followed live', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const here = { ip: '127.0.0.1', port: server.port }
  const start = (headers: Record<string, string> = {}, signal: AbortSignal = new AbortController().signal) =>
    service.fetch('/relay-tests', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...STREAM, ...headers },
      body: JSON.stringify(here),
      signal,
    })
  const join = (location: string) => service.fetch(location, { headers: STREAM })
  const locationOf = (response: Response) => response.headers.get('location') ?? ''
  const stored = async (location: string) => resultOf(await service.fetch(location), 200)
  const finished = (location: string) =>
    until('the end of the test', async () => {
      const result = await stored(location)
      return result.status === 'finished' && result
    })

  await t.test('sends its lines while it runs, then attempts and the verdict, and the stream ends', async () => {
    const stalled = hold(/^RCPT/)
    const response = await start()
    assert.equal(response.status, 201)
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
    for (const [name, value] of [
      ['x-accel-buffering', 'no'],
      ['cache-control', 'no-store'],
      ['connection', 'close'],
    ] as const) {
      assert.equal(response.headers.get(name), value)
    }
    assert.match(response.headers.get('ratelimit') ?? '', /"tests-target"/)
    const { events, ended } = follow(eventsOf(response))
    await inTime('the command', stalled)
    await until('the command in the stream', () => linesIn(events).at(-1)?.startsWith('RCPT TO:'))
    assert.deepEqual([...new Set(events.map(({ event }) => event))], ['line', 'phase'])
    const phases = events.flatMap(({ event, data }) =>
      event === 'phase' ? [[data.name, data.asked, data.planned]] : [],
    )
    assert.deepEqual(phases, [
      ['connecting', 0, 4],
      ['greeting', 0, 4],
      ['asking', 0, 4],
    ])
    const seen = linesIn(events)
    const { status, transcript } = await stored(locationOf(response))
    assert.equal(status, 'running')
    const soFar = transcript.slice(0, seen.length).map(({ line }) => line)
    assert.deepEqual(soFar, seen)
    release()
    const all = await inTime('the end of the stream', ended)
    const result = await stored(locationOf(response))
    const last = all.at(-1)
    assert.deepEqual(last, { event: 'verdict', data: result })
    assert.equal(result.verdict, 'closed')
    assert.deepEqual(
      all.filter(({ event }) => event === 'line').map(({ data }) => data),
      result.transcript.map((line, index) => ({ ...line, index, key: false })),
    )
    const told = new Map(all.flatMap(({ event, data }) => (event === 'attempt' ? [[data.form, data] as const] : [])))
    assert.deepEqual([...told.values()].sort(byForm), [...result.attempts].sort(byForm))
    const describes = ajv.compile({ $ref: 'openapi#/components/schemas/RelayTestEvent' })
    for (const event of all) assert.ok(describes(event), ajv.errorsText(describes.errors))
    assert.equal(describes({ event: 'line', data: {} }), false)
  })

  await t.test('can be joined in the middle by others, and they get it from the beginning', async () => {
    const stalled = hold(/^RCPT/)
    const response = await start()
    const first = follow(eventsOf(response))
    await inTime('the command', stalled)
    const joined = await join(locationOf(response))
    assert.equal(joined.status, 200)
    assert.equal(joined.headers.get('x-accel-buffering'), 'no')
    const second = follow(eventsOf(joined))
    await until('the command in the stream', () => linesIn(second.events).at(-1)?.startsWith('RCPT TO:'))
    release()
    assert.deepEqual(await inTime('the end of one', second.ended), await inTime('the end of the other', first.ended))
  })

  await t.test('is replayed when it is finished, with the deciding lines', async () => {
    const result = await resultOf(await service.post(here))
    const events = await inTime('the end', follow(eventsOf(await join(`/relay-tests/${result.id}`))).ended)
    assert.deepEqual(events, [
      ...result.transcript.map((line, index) => ({ event: 'line', data: { ...line, index } })),
      ...result.attempts.map((data) => ({ event: 'attempt', data })),
      { event: 'verdict', data: result },
    ])
    assert.ok(result.transcript.some(({ key }) => key))
  })

  /** Leaves while the server holds back its reply to RCPT. Returns the commands that it got later, and the result. */
  const leaveWith = async (headers: Record<string, string>) => {
    const leaving = new AbortController()
    const stalled = hold(/^RCPT/)
    const response = await start(headers, leaving.signal)
    await inTime('the command', stalled)
    const told = server.lines.length
    leaving.abort()
    // The end of a connection reaches the service before what is sent after it.
    for (let round = 0; round < 3; round += 1) await service.fetch('/livez')
    release()
    const result = await finished(locationOf(response))
    return { afterwards: server.lines.slice(told), result }
  }

  await t.test('stops at its next command when its caller leaves', async () => {
    const { afterwards, result } = await leaveWith({})
    assert.deepEqual(afterwards, ['QUIT'])
    assert.equal(result.reason, 'interrupted')
  })

  for (const [what, headers] of [
    ['an idempotency key', { 'idempotency-key': 'leaves' }],
    ['respond-async', { prefer: 'respond-async' }],
  ] as const) {
    await t.test(`continues without its caller if the request had ${what}`, async () => {
      assert.equal((await leaveWith(headers)).result.verdict, 'closed')
    })
  }

  await t.test('continues when a caller that only joined it leaves', async () => {
    const stalled = hold(/^RCPT/)
    const response = await start()
    const { ended } = follow(eventsOf(response))
    await inTime('the command', stalled)
    const leaving = new AbortController()
    const joined = await service.fetch(locationOf(response), { headers: STREAM, signal: leaving.signal })
    assert.equal(joined.status, 200)
    leaving.abort()
    for (let round = 0; round < 3; round += 1) await service.fetch('/livez')
    release()
    const last = (await inTime('the end', ended)).at(-1)
    assert.equal(last?.event === 'verdict' && last.data.verdict, 'closed')
  })

  await t.test('is joined by a retry with its idempotency key, and replayed to a later one', async () => {
    const key = { 'idempotency-key': 'again' }
    const stalled = hold(/^RCPT/)
    const first = await start(key)
    await inTime('the command', stalled)
    const second = await start(key)
    assert.deepEqual([second.status, locationOf(second)], [201, locationOf(first)])
    assert.equal(second.headers.get('idempotency-replayed'), null)
    await problemIn(await service.post(here, key), 'idempotency-running')
    const followed = [first, second].map((response) => follow(eventsOf(response)))
    release()
    const [one, other] = await inTime('both ends', Promise.all(followed.map(({ ended }) => ended)))
    assert.deepEqual(one, other)
    const third = await start(key)
    assert.equal(third.headers.get('idempotency-replayed'), 'true')
    assert.deepEqual((await follow(eventsOf(third)).ended).at(-1), one?.at(-1))
  })

  await t.test('confirms with Preference-Applied that it will continue without its caller', async () => {
    const response = await start({ prefer: 'respond-async' })
    assert.deepEqual([response.status, response.headers.get('preference-applied')], [201, 'respond-async'])
    await inTime('the end', follow(eventsOf(response)).ended)
  })

  await t.test('is JSON for a caller that accepts both', async () => {
    for (const accept of ['*/*', 'application/json, text/event-stream', 'text/event-stream;q=0.5, application/json']) {
      await resultOf(await service.post(here, { accept }))
    }
  })

  await t.test('ends with its verdict while the service shuts down, and does not delay the shutdown', async () => {
    const stalled = hold(/^RCPT/)
    const { ended } = follow(eventsOf(await start()))
    await inTime('the command', stalled)
    const stopped = service.stop()
    release()
    assert.equal((await inTime('the end of the stream', ended)).at(-1)?.event, 'verdict')
    assert.equal(await inTime('the exit', stopped), 0)
  })
})

test('attempts are sent when they are decided, and again if more becomes known', async (t) => {
  const { server, hold, release } = await gatedServer(t, open)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const stalled = hold(/^\.$/)
  const { events, ended } = follow(eventsOf(await service.post({ ip: '127.0.0.1', port: server.port }, STREAM)))
  await inTime('the dot', stalled)
  const evidence = (all: readonly RelayTestEvent[]) =>
    all.flatMap(({ event, data }) => (event === 'attempt' ? `${data.form} ${data.evidence}` : []))
  const asked = ['outside-sender', 'percent-hack', 'own-domain-sender', 'null-sender'].map(
    (form) => `${form} recipient-accepted`,
  )
  await until('four attempts', () => evidence(events).length >= asked.length)
  assert.deepEqual(evidence(events), asked)
  release()
  assert.deepEqual(evidence(await inTime('the end', ended)), [...asked, 'outside-sender message-accepted'])
})

test('a refused request gets a problem with its status, and no stream', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '2/1h' } })
  const here = { ip: '127.0.0.1', port: server.port }
  const refused = async (slug: ProblemSlug, body: unknown, headers: Record<string, string> = {}) =>
    problemIn(await service.post(body, { ...STREAM, ...headers }), slug)

  await refused('invalid-request', { ip: 'mail.example.com' })
  await refused('invalid-request', { ...here, live: true })
  await refused('unauthenticated', here, bearer(keyOf('x')))
  await refused('not-allowed', { ip: '127.0.2.1', port: server.port })
  await refused('domain-not-listed', { ...here, domain: 'example.org' })
  await refused('unsupported-media-type', here, { 'content-type': 'text/plain' })
  await refused('invalid-request', here, { 'idempotency-key': '' })
  await refused('not-acceptable', here, { accept: 'text/event-stream;q=0' })
  for (const id of ['x', '00000000-0000-4000-8000-000000000000']) {
    await problemIn(await service.fetch(`/relay-tests/${id}`, { headers: STREAM }), 'not-found')
  }
  const stalled = hold(/^RCPT/)
  const running = service.post(here, { ...STREAM, 'idempotency-key': 'k' })
  await inTime('the command', stalled)
  await refused('target-busy', here)
  await refused('idempotency-mismatch', { ...here, reference: 'other' }, { 'idempotency-key': 'k' })
  release()
  await inTime('the end', follow(eventsOf(await running)).ended)
  await resultOf(await service.post(here))
  const { violatedPolicies } = await refused('quota-exceeded', here)
  assert.deepEqual(violatedPolicies, ['tests-target'])
})

/** Starts a server that answers with these events, and returns its URL. */
async function serving(
  t: { after(work: () => unknown): void },
  events: AsyncIterable<RelayTestEvent>,
  pauseMs: number,
) {
  const app = Fastify()
  registerShutdown(app, new CallerConnections(app.server, { all: 10, withoutKey: 10, proxies: [] }))
  app.get('/', (_request, reply) => sendEvents(reply, events, pauseMs))
  t.after(() => app.close())
  return app.listen()
}

const LINE: RelayTestEvent = {
  event: 'line',
  data: {
    ms: 0,
    connection: 1,
    from: 'server',
    line: '2'.repeat(1024),
    answers: null,
    key: false,
    vantage: null,
    index: 0,
  },
}

test('a comment is sent after each pause, so that no proxy cuts the connection', async (t) => {
  let go = () => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  const url = await serving(
    t,
    (async function* () {
      await held
      yield LINE
    })(),
    5,
  )
  const response = await fetch(url)
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    // Waits for more than one comment.
    if (text.split(': still running\n\n').length > 2) go()
  }
  assert.match(text, /^: a relay test\n\n(: still running\n\n){2,}event: line\ndata: .*\n\n$/)
})

test('a reader that stops reading gets no more than some buffers hold, and is disconnected', {
  timeout: 60_000,
}, async (t) => {
  let told = 0
  let over = false
  const url = await serving(
    t,
    (async function* () {
      try {
        for (; ; told += 1) yield LINE
      } finally {
        over = true
      }
    })(),
    15_000,
  )
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  t.after(() => socket.destroy())
  await once(socket, 'readable')
  await until('the reader to be dropped', () => over, 30_000)
  // More than any kernel buffers for one connection.
  assert.ok(told < 64 * 1024, `${told} KiB were told`)
})

const byForm = (a: { form: string }, b: { form: string }) => a.form.localeCompare(b.form)
