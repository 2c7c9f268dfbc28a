/** Many targets of one command: order, pace, and the verdict that decides the exit code. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type BatchListener, testMany } from '../../src/cli/batch.ts'
import type { Ending } from '../../src/cli/ending.ts'
import { RelayTestClient } from '../../src/client/client.ts'
import { listening } from '../harness/listening.ts'
import { deadPort } from '../harness/mail-scripts.ts'
import { resultWith } from '../harness/result.ts'

type Answer = readonly [status: number, body: object, retryAfter?: number]

const problem = (slug: string, status: number, retryAfter = 0): Answer => [
  status,
  { type: `urn:relay-tests:problem:${slug}`, status, detail: slug },
  retryAfter,
]

/** Starts a service that gives these answers, and closes every later connection without one. */
async function answering(t: TestContext, ...answers: readonly Answer[]): Promise<string> {
  const left = [...answers]
  const server = createServer((request, response) => {
    const [status, body, retryAfter] = left.shift() ?? []
    if (status === undefined) return request.socket.destroy()
    const kind = status < 300 ? 'json' : 'problem+json'
    response.writeHead(status, {
      'content-type': `application/${kind}`,
      ...(retryAfter ? { 'retry-after': `${retryAfter}` } : {}),
    })
    response.end(JSON.stringify(body))
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  return `http://127.0.0.1:${await listening(t, server, sockets)}`
}

/** A listener that takes no notice. */
const SILENT: BatchListener = { ended() {}, found() {}, waiting() {}, inLine() {}, skipped() {} }

/** Runs a batch of `count` targets, one after the other, and returns everything that it reported. */
async function batch(url: string, count: number) {
  const targets = Array.from({ length: count }, (_, index) => ({ target: `127.0.0.${index + 1}` }))
  const ended: [detail: unknown, ending: Ending][] = []
  const waited: unknown[] = []
  const client = new RelayTestClient({ url, patienceMs: 0 })
  const stopped = await testMany(
    client,
    { targets, test: {}, atOnce: 1, known: () => null },
    {
      ...SILENT,
      ended: (line, ending) => ended.push([Object(Object(line).error).detail, ending]),
      waiting: (many, reason) => waited.push(reason === null ? many : [many, reason]),
    },
  )
  return { ended, stopped, waited }
}

const CLOSED: Answer = [201, resultWith({ verdict: 'closed' })]
const NO_KEY = 'RELAY_TESTS_KEY: the service does not accept this key: it is missing, mistyped or expired'

test('a batch stops when its key is rejected, and reports the remaining targets as not tested', async (t) => {
  const url = await answering(t, CLOSED, problem('unauthenticated', 401))
  const { ended, stopped } = await batch(url, 4)
  assert.equal(stopped, `${NO_KEY} (unauthenticated)`)
  assert.deepEqual(ended, [
    [undefined, 'closed'],
    [NO_KEY, 'error'],
    ['not tested', 'error'],
    ['not tested', 'error'],
  ])
})

test('a batch stops when it cannot reach the service', async () => {
  const { ended, stopped } = await batch(`http://127.0.0.1:${await deadPort()}`, 3)
  assert.match(stopped ?? '', /ECONNREFUSED/)
  assert.deepEqual(
    ended.map(([detail]) => detail),
    [stopped, 'not tested', 'not tested'],
  )
})

test('a batch continues after any other error, and when the network fails later', async (t) => {
  const { ended, stopped } = await batch(await answering(t, problem('opted-out', 422)), 3)
  assert.equal(stopped, null)
  assert.deepEqual(
    ended.map(([detail]) => /opted-out|cannot be reached/.exec(String(detail))?.[0]),
    ['opted-out', 'cannot be reached', 'cannot be reached'],
  )
})

test('a batch reports how many targets wait for a quota, and why', async (t) => {
  const { ended, waited } = await batch(await answering(t, problem('quota-exceeded', 429, 1), CLOSED), 1)
  assert.deepEqual(waited, [[1, 'quota-exceeded (quota-exceeded)'], 0])
  assert.deepEqual(ended, [[undefined, 'closed']])
})

test('a target that is on the waiting list of the service reports its position until its test starts', async (t) => {
  const waiting = resultWith({
    status: 'running',
    verdict: null,
    queuedAt: '2027-01-02T03:04:05.678Z',
    startedAt: null,
  })
  const events = [
    ['waiting', { position: 13 }],
    ['waiting', { position: 1 }],
    ['line', { ms: 0, connection: 1, from: 'event', line: 'connecting', answers: null, key: false, index: 0 }],
    ['verdict', resultWith({ verdict: 'closed' })],
  ].map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  const server = createServer((request, response) => {
    const isNew = request.method === 'POST'
    assert.equal(request.headers.prefer, isNew ? 'respond-async' : undefined)
    response.writeHead(isNew ? 202 : 200, { 'content-type': isNew ? 'application/json' : 'text/event-stream' })
    response.end(isNew ? JSON.stringify(waiting) : events.join(''))
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  const client = new RelayTestClient({ url: `http://127.0.0.1:${await listening(t, server, sockets)}`, patienceMs: 0 })
  const told: unknown[] = []
  const batch = { targets: [{ target: '127.0.0.1' }], test: {}, atOnce: 1, known: () => null }
  await testMany(client, batch, {
    ...SILENT,
    ended: (_line, ending) => told.push(ending),
    inLine: (target, position) => told.push([target, position]),
  })
  assert.deepEqual(told, [[1, 13], [1, 1], [1, null], [1, null], [1, null], 'closed'])
})
