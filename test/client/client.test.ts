/** The TypeScript client against the built service: results, streams, retries and errors. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type RelayTest, RelayTestClient, RelayTestProblem, RelayTestUnreachable } from '../../src/client/client.ts'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { follow, linesIn } from '../harness/events.ts'
import { keyOf } from '../harness/http.ts'
import { openLink } from '../harness/link.ts'
import { listening } from '../harness/listening.ts'
import { closed, deadPort, gatedServer } from '../harness/mail-scripts.ts'
import { KEYS, startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const key = KEYS.partner

test('a client rejects a wrong address when it is made', () => {
  for (const url of ['', 'relay-tests.isp.example', '/api', 'file:///etc', 'http://', 'https://[']) {
    assert.throws(
      () => new RelayTestClient({ url }),
      { name: 'TypeError', message: /^url: give a web address, for example/ },
      url,
    )
  }
})

test('a client of the service', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const client = new RelayTestClient({ url: `${service.url}/`, key })
  const here = { ip: '127.0.0.1', port: server.port }
  const testsSoFar = () => service.logs().filter(({ audit }) => audit === 'intent').length

  await t.test('starts a test, reads it again by its id, and finds it in the list', async () => {
    const result = await client.create({ ...here, reference: 'A/B & C' })
    assert.equal(result.verdict, 'closed')
    assert.deepEqual(await client.get(result.id), result)
    for (const by of [{ ip: '127.0.0.1' }, { reference: 'A/B & C' }]) {
      const [first] = await client.list(by)
      assert.deepEqual([first?.id, first?.verdict], [result.id, 'closed'])
    }
  })

  await t.test('returns what its key may do', async () => {
    const { caller, customers } = await client.limits()
    assert.deepEqual([caller, customers], ['partner', ['acme', 'beta']])
  })

  await t.test('can start a test without waiting, and wait for it later', async () => {
    const stalled = hold(/^EHLO/)
    const running = await client.create(here, { respondAsync: true })
    await inTime('the test', stalled)
    assert.equal(running.status, 'running')
    const waiting = client.wait(running.id)
    release()
    const result = await waiting
    assert.equal(result.verdict, 'closed')
    assert.deepEqual(await client.wait(running.id, { for: 'settled' }), result)
  })

  await t.test('follows a new test, and an existing one', async () => {
    const stalled = hold(/^RCPT/)
    const made = follow(client.follow(here))
    await inTime('the test', stalled)
    await until('the command', () => linesIn(made.events).at(-1)?.startsWith('RCPT TO:'))
    release()
    const events = await made.ended
    const last = events.at(-1)
    assert.ok(last?.event === 'verdict')
    assert.equal(last.data.verdict, 'closed')
    const again = await follow(client.follow(last.data.id)).ended
    assert.deepEqual(linesIn(again), linesIn(events))
    assert.deepEqual(again.at(-1), last)
  })

  await t.test('stops a test by leaving the loop', async () => {
    let id = ''
    const stalled = hold(/^RCPT/)
    for await (const { event, data } of client.follow({ ...here, reference: 'leaving' })) {
      if (event !== 'line' || !data.line.startsWith('RCPT')) continue
      await inTime('the command', stalled)
      id = (await client.list({ reference: 'leaving' }))[0]?.id ?? ''
      break
    }
    for (let round = 0; round < 3; round += 1) await service.fetch('/livez')
    release()
    assert.equal((await client.wait(id)).reason, 'interrupted')
  })

  await t.test('stops a test by its id, and returns its result', async () => {
    const stalled = hold(/^EHLO/)
    const { id } = await client.create(here, { respondAsync: true })
    await inTime('the test', stalled)
    const stopping = client.stop(id)
    assert.equal((await inTime('the end', stopping)).reason, 'interrupted')
    release()
    assert.equal((await client.stop(id)).reason, 'interrupted')
  })

  await t.test('stops waiting when its signal is aborted', async () => {
    const stalled = hold(/^EHLO/)
    const { id } = await client.create(here, { respondAsync: true })
    await inTime('the test', stalled)
    const leave = (work: (signal: AbortSignal) => Promise<unknown>) => {
      const leaving = new AbortController()
      const left = assert.rejects(work(leaving.signal), /enough/)
      leaving.abort(new Error('enough'))
      return inTime('the end', left)
    }
    await leave((signal) => client.wait(id, { signal }))
    await leave((signal) => follow(client.follow(id, { signal })).ended)
    await leave((signal) => client.create(here, { idempotencyKey: 'left', signal }))
    const waiting = new AbortController()
    const waited = assert.rejects(client.wait(id, { signal: waiting.signal }), /enough/)
    const pausing = new AbortController()
    const paused = assert.rejects(follow(client.follow(id, { signal: pausing.signal })).ended, /enough/)
    await service.fetch('/livez')
    waiting.abort(new Error('enough'))
    pausing.abort(new Error('enough'))
    await inTime('both ends', Promise.all([waited, paused]))
    release()
    await client.wait(id)
  })

  await t.test('turns each refusal into an error with its slug', async () => {
    const refused = async (slug: ProblemSlug, work: () => Promise<unknown>): Promise<RelayTestProblem> => {
      const error = await work().then(
        () => assert.fail(`not refused: ${slug}`),
        (reason: unknown) => reason,
      )
      assert.ok(error instanceof RelayTestProblem, String(error))
      assert.deepEqual([error.slug, error.message], [slug, error.detail])
      assert.match(error.requestId ?? '', /^[0-9a-f-]{36}$/)
      return error
    }
    const bad = await refused('invalid-request', () => client.create({ ...here, ip: 'mail.example.com' }))
    assert.deepEqual([bad.status, bad.retryAfter, bad.location], [400, null, null])
    assert.deepEqual(
      bad.errors.map(({ pointer }) => pointer),
      ['/ip'],
    )
    await refused('not-allowed', () => client.create({ ...here, ip: '127.0.2.1' }))
    await refused('not-found', () => client.get('x/../../limits'))
    await refused('not-found', () => follow(client.follow('x')).ended)
    await refused('unauthenticated', () => new RelayTestClient({ url: service.url, key: keyOf('x') }).limits())
    await refused('unauthenticated', () => new RelayTestClient({ url: service.url }).limits())
    await refused('domain-not-listed', () => follow(client.follow({ ...here, domain: 'example.org' })).ended)
    const stalled = hold(/^EHLO/)
    const running = client.create(here, { idempotencyKey: 'held' })
    await inTime('the test', stalled)
    const busy = await refused('target-busy', () => client.create(here))
    assert.deepEqual([busy.status, busy.retryAfter], [409, 5])
    await refused('idempotency-mismatch', () => client.create({ ...here, reference: 'x' }, { idempotencyKey: 'held' }))
    // A retry with the same key waits for the running test.
    const before = testsSoFar()
    const again = client.create(here, { idempotencyKey: 'held' })
    release()
    assert.deepEqual(await again, await running)
    assert.equal(busy.location, `/relay-tests/${(await running).id}`)
    assert.equal(testsSoFar(), before)
  })

  await t.test('retries with an idempotency key when the network fails, and makes one test', async () => {
    const way = await openLink(t, Number(new URL(service.url).port))
    const far = new RelayTestClient({ url: way.url, key })
    const before = testsSoFar()
    way.refusing = true
    const created = far.create(here, { idempotencyKey: 'over a bad network' })
    await until('two tries', () => way.connections >= 2)
    way.refusing = false
    assert.equal((await created).verdict, 'closed')
    assert.equal(testsSoFar(), before + 1)
  })

  await t.test('does not retry without a key: there may already be a test', async () => {
    const way = await openLink(t, Number(new URL(service.url).port))
    const far = new RelayTestClient({ url: way.url, key })
    way.refusing = true
    await assert.rejects(far.create(here), RelayTestUnreachable)
    await assert.rejects(follow(far.follow(here)).ended, RelayTestUnreachable)
    assert.equal(way.connections, 2)
  })

  await t.test('continues a stream that breaks off, and yields no line twice', async () => {
    // A test whose caller disconnected keeps its address until it has said QUIT.
    const audited = (kind: string) => service.logs().filter(({ audit }) => audit === kind).length
    await until('the tests that were left', () => audited('result') === audited('intent'))
    const way = await openLink(t, Number(new URL(service.url).port))
    const far = new RelayTestClient({ url: way.url, key })
    const stalled = hold(/^RCPT/)
    const { events, ended } = follow(far.follow(here, { idempotencyKey: 'cut' }))
    await inTime('the test', stalled)
    await until('the command', () => linesIn(events).at(-1)?.startsWith('RCPT TO:'))
    for (const connection of [2, 3]) {
      way.cut()
      await until('another connection', () => way.connections >= connection)
    }
    release()
    const all = await inTime('the end', ended)
    const last = all.at(-1)
    assert.ok(last?.event === 'verdict')
    assert.deepEqual(
      linesIn(all),
      last.data.transcript.map(({ line }) => line),
    )
    assert.equal(last.data.verdict, 'closed')
  })
})

test('a client waits as long as Retry-After says', async (t) => {
  const { server } = await gatedServer(t, closed)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, QUOTA_TARGET: '1/3s' } })
  const here = { ip: '127.0.0.1', port: server.port }
  const client = new RelayTestClient({ url: service.url, key })
  await client.create(here)
  assert.equal((await client.create(here)).verdict, 'closed')
  const events = await follow(client.follow(here)).ended
  assert.equal(events.at(-1)?.event, 'verdict')
  const impatient = new RelayTestClient({ url: service.url, key, patienceMs: 0 })
  const error = await impatient.create(here).catch((reason: unknown) => reason)
  assert.ok(error instanceof RelayTestProblem && error.slug === 'quota-exceeded')
  assert.ok(error.retryAfter !== null && error.retryAfter <= 3)
  assert.deepEqual(error.violatedPolicies, ['tests-target'])
  const [latest] = await client.list({ ip: '127.0.0.1' })
  assert.deepEqual([error.lastTest?.id, error.lastTest?.verdict], [latest?.id, 'closed'])
})

const urlOf = async (t: TestContext, server: Server): Promise<string> =>
  `http://127.0.0.1:${await listening(t, server, new Set())}`

test('a client reports an answer that is not from a relay test service', async (t) => {
  const answers = { status: 200, type: 'text/html', body: '<h1>Welcome</h1>' }
  const server = createServer((_request, response) => {
    response.writeHead(answers.status, { 'content-type': answers.type }).end(answers.body)
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key, patienceMs: 0 })
  for (const [status, type, body] of [
    [200, 'text/html', '<h1>Welcome</h1>'],
    [200, 'application/json', '{}'],
    [200, 'application/json', '{"verdict": '],
    [200, 'application/json', 'null'],
    [502, 'text/html', '<h1>Bad Gateway</h1>'],
    [503, 'application/json', '{"status": 503}'],
    [401, 'application/problem+json', '{"type": "about:blank", "status": 401, "detail": "x"}'],
    [404, 'application/problem+json', '[]'],
  ] as const) {
    Object.assign(answers, { status, type, body })
    await assert.rejects(client.get('x'), RelayTestUnreachable, body)
    await assert.rejects(follow(client.follow('x')).ended, RelayTestUnreachable, body)
  }
  for (const body of [
    '',
    ': a relay test\n\n',
    'event: news\ndata: {}\n\n',
    'data\n\n',
    '\n\n\n\n',
    'event: verdict\n',
  ]) {
    Object.assign(answers, { status: 200, type: 'text/event-stream', body })
    await assert.rejects(follow(client.follow('x')).ended, RelayTestUnreachable, JSON.stringify(body))
  }
})

test('a client follows no redirect', async (t) => {
  let visits = 0
  const elsewhere = createServer((_request, response) => {
    visits += 1
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"verdict": "closed"}')
  })
  const location = await urlOf(t, elsewhere)
  const server = createServer((_request, response) => void response.writeHead(307, { location }).end())
  const client = new RelayTestClient({ url: await urlOf(t, server), key, patienceMs: 0 })
  await assert.rejects(client.get('x'), RelayTestUnreachable)
  await assert.rejects(client.create({ ip: '192.0.2.1' }), RelayTestUnreachable)
  assert.equal(visits, 0)
})

test('a client always pauses before a retry, also if Retry-After is 0', async (t) => {
  for (const retryAfter of ['0', '-60']) {
    const asked: number[] = []
    const body = '{"type": "urn:relay-tests:problem:at-capacity", "status": 503, "detail": "full"}'
    const server = createServer((_request, response) => {
      asked.push(performance.now())
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': retryAfter }).end(body)
    })
    const url = await urlOf(t, server)
    await assert.rejects(new RelayTestClient({ url, key, patienceMs: 1_200 }).limits(), RelayTestProblem)
    assert.ok(asked.length >= 2)
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    // Timers of Node.js may end a millisecond early.
    assert.ok(Math.min(...pauses) >= 499, `${pauses}`)
  }
})

test('a client continues a stream that breaks off after its time for retries', async (t) => {
  const line = `event: line\ndata: {"index": 0, "line": "220 mail.example.com"}\n\n`
  let asked = 0
  const server = createServer((_request, response) => {
    asked += 1
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(line)
    if (asked > 1) response.end('event: verdict\ndata: {}\n\n')
    else setTimeout(() => response.end(), 200)
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key, patienceMs: 100 })
  const events = await inTime('the end', follow(client.follow('x')).ended)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['line', 'verdict'],
  )
})

test('a client continues the stream of its own test when it breaks off twice', async (t) => {
  const asked: string[] = []
  const server = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    const location = method === 'POST' ? { location: '/relay-tests/7' } : {}
    response.writeHead(200, { 'content-type': 'text/event-stream', ...location })
    response.end(asked.length < 3 ? ': a relay test\n\n' : 'event: verdict\ndata: {}\n\n')
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key })
  await inTime('the end', follow(client.follow({ ip: '127.0.0.1' })).ended)
  assert.deepEqual(asked, ['POST /relay-tests', 'GET /relay-tests/7', 'GET /relay-tests/7'])
})

test('a client stops reading an endless event', async (t) => {
  const chunk = 'x'.repeat(64 * 1024)
  let sent = 0
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const send = () => {
      while (response.write(chunk) && !response.closed) sent += chunk.length
      sent += chunk.length
    }
    response.on('drain', send)
    send()
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key, patienceMs: 0 })
  await assert.rejects(inTime('the end', follow(client.follow('x')).ended), RelayTestUnreachable)
  assert.ok(sent < 64 * 1024 * 1024, `${sent}`)
})

test('a client that reaches no service names the address and the reason', async () => {
  const url = `http://127.0.0.1:${await deadPort()}`
  const client = new RelayTestClient({ url, key, patienceMs: 0 })
  await assert.rejects(client.limits(), { name: 'RelayTestUnreachable', message: new RegExp(`${url}.*ECONNREFUSED`) })
})

test('a client reads a list page by page, until it has as many tests as asked for', async (t) => {
  const asked: string[] = []
  const server = createServer(({ url = '' }, response) => {
    asked.push(url)
    const page = Number(new URL(url, 'http://x').searchParams.get('cursor') ?? 0)
    const relayTests = Array.from({ length: 60 }, (_, index) => ({ id: `${page * 60 + index}` }))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ relayTests, nextCursor: page === 4 ? null : `${page + 1}` }))
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key })
  const idsOf = async (limit?: number) => {
    asked.length = 0
    const found = await client.list({ verdict: 'open', since: '2027-01-01T00:00:00Z', ...(limit ? { limit } : {}) })
    assert.deepEqual(
      found.map(({ id }) => Number(id)),
      Array.from(found.keys()),
    )
    return found.length
  }
  const since = 'verdict=open&since=2027-01-01T00%3A00%3A00Z'
  assert.equal(await idsOf(), 100)
  assert.deepEqual(asked, [`/relay-tests?${since}&limit=100`, `/relay-tests?${since}&limit=40&cursor=1`])
  assert.equal(await idsOf(130), 130)
  assert.deepEqual(
    asked.map((url) => url.split('&').slice(2).join('&')),
    ['limit=100', 'limit=70&cursor=1', 'limit=10&cursor=2'],
  )
  assert.equal(await idsOf(1_000), 300)
})

test('a client reads all pages of customers', async (t) => {
  const server = createServer(({ url = '' }, response) => {
    const after = new URL(url, 'http://x').searchParams.get('after')
    const body =
      after === null ? { customers: [{ id: 'a/b' }], next: 'a/b' } : { customers: [{ id: after }], next: null }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key })
  assert.deepEqual(
    (await client.customers()).map(({ id }) => id),
    ['a/b', 'a/b'],
  )
})

test('a client ends every call when its time is over, and says how long that was', async (t) => {
  const sockets = new Set<Socket>()
  const silent = createServer(() => {})
  silent.on('connection', (socket) => sockets.add(socket))
  const client = new RelayTestClient({ url: `http://127.0.0.1:${await listening(t, silent, sockets)}`, key })
  const limit = { timeoutMs: 50 }
  const calls: readonly (() => Promise<unknown>)[] = [
    () => client.create({ ip: '192.0.2.1' }, limit),
    () => client.get('x', limit),
    () => client.wait('x', limit),
    () => client.testAll('example.com', {}, limit),
    () => follow(client.follow('x', limit)).ended,
    () => client.list({}, limit),
    () => client.customers(limit),
    () => client.vantages(limit),
    () => client.limits(limit),
    () => client.addresses('example.com', limit),
  ]
  for (const call of calls) {
    const late = inTime('the end', call())
    await assert.rejects(late, { name: 'RelayTestTimeout', message: 'The call did not end within 50 ms.' })
  }
})

test('a client tells each retry before its pause, with the reason', async (t) => {
  const refusals = [
    { type: 'urn:relay-tests:problem:limits-unavailable', status: 503, detail: 'The quotas cannot be counted.' },
  ]
  const server = createServer((_request, response) => {
    const body = refusals.shift()
    response.writeHead(body ? 503 : 200, {
      'content-type': body ? 'application/problem+json' : 'application/json',
      'retry-after': '1',
    })
    response.end(JSON.stringify(body ?? { quotas: [] }))
  })
  const told: unknown[] = []
  const url = await urlOf(t, server)
  await new RelayTestClient({ url, key, onRetry: (error, ms) => told.push([error.message, ms]) }).limits()
  assert.deepEqual(told, [['The quotas cannot be counted.', 1_000]])
})

test('a client that waits tells what it sees at each look, until the end that it waits for', async (t) => {
  const looks = [
    { status: 'running', position: 2 },
    { status: 'running', position: null },
    { status: 'finished', verdict: 'closed', followUpAt: null, settledAt: new Date(Date.now() + 300).toISOString() },
  ]
  const server = createServer((_request, response) => {
    const look = (looks.length > 1 ? looks.shift() : looks[0]) ?? {}
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ verdict: null, ...look }))
  })
  const client = new RelayTestClient({ url: await urlOf(t, server), key })
  const seen: unknown[] = []
  const onProgress = (test: RelayTest) => seen.push([test.status, test.position])
  const result = await inTime('the end', client.wait('x', { for: 'settled', onProgress }))
  assert.equal(result.verdict, 'closed')
  assert.deepEqual(seen.slice(0, 2), [
    ['running', 2],
    ['running', null],
  ])
})
