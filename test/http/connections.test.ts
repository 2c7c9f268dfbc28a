/** How many connections the HTTP server keeps, and which ones it closes to make room. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { CallerConnections, type ConnectionLimits } from '../../src/http/connections.ts'
import { divideOpenFiles } from '../../src/open-files.ts'
import { listening } from '../harness/listening.ts'
import { until } from '../harness/waiting.ts'

/** Starts a server that answers only at /done. Requests for /key belong to a caller with a key. */
async function serverWith(t: TestContext, limits: Partial<ConnectionLimits>) {
  const asked: IncomingMessage[] = []
  const server = createServer((request, response) => {
    asked.push(request)
    if (request.url === '/key') connections.authenticated(request.socket)
    if (request.url === '/done') response.end()
    if (request.url === '/answer') request.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  const connections = new CallerConnections(server, { all: 100, withoutKey: 100, proxies: [], ...limits })
  const port = await listening(t, server, new Set())
  t.after(() => server.closeAllConnections())
  const opened: Socket[] = []
  const open = async (localAddress: string, path = '') => {
    const arrived = once(server, 'connection')
    const socket = connect({ host: '127.0.0.1', port, localAddress })
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    opened.push(socket)
    const asking = path === '' ? arrived : once(server, 'request')
    if (path !== '') socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await Promise.all([arrived, asking])
    return socket
  }
  const alive = () => opened.filter(({ closed }) => !closed).length
  return { open, alive }
}

const isClosed = (socket: Socket) => until('its end', () => socket.closed)

test('a source without a key keeps its newest connections, and others keep theirs', async (t) => {
  const { open, alive } = await serverWith(t, { withoutKey: 3 })
  const other = await open('127.0.0.2')
  const busy = await open('127.0.0.1', '/slow')
  const [first, second] = [await open('127.0.0.1'), await open('127.0.0.1')]
  await open('127.0.0.1')
  await isClosed(first)
  await open('127.0.0.1')
  await isClosed(second)
  assert.deepEqual([alive(), busy.closed, other.closed], [4, false, false])
})

test('of the connections without a key, the one that asked last stays: a probe of livez is no idle stranger', async (t) => {
  const { open } = await serverWith(t, { withoutKey: 2 })
  const [probe, idle] = [await open('127.0.0.1'), await open('127.0.0.1')]
  probe.write('GET /done HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(probe, 'data')
  await open('127.0.0.1')
  await isClosed(idle)
  assert.equal(probe.closed, false)
})

test('connections with a key do not count for their source, and a proxy has no source of its own', async (t) => {
  const { open, alive } = await serverWith(t, { withoutKey: 2, proxies: ['127.0.9.0/24'] })
  for (let number = 0; number < 5; number += 1) await open('127.0.0.1', '/key')
  for (let number = 0; number < 5; number += 1) await open('127.0.9.9')
  await open('127.0.0.1')
  assert.equal(alive(), 11)
})

test('a full server makes room: idle strangers go first, then strangers, and callers with a request last', async (t) => {
  const { open, alive } = await serverWith(t, { all: 4 })
  const caller = await open('127.0.0.1', '/key')
  const stranger = await open('127.0.0.2', '/slow')
  const idle = [await open('127.0.0.3'), await open('127.0.0.4')]
  await open('127.0.0.5', '/key')
  await isClosed(idle[0] ?? assert.fail())
  await open('127.0.0.6', '/key')
  await isClosed(idle[1] ?? assert.fail())
  await open('127.0.0.7', '/key')
  await isClosed(stranger)
  assert.equal(caller.closed, false)
  const late = await open('127.0.0.8')
  await isClosed(late)
  assert.deepEqual([alive(), caller.closed], [4, false])
})

test('open files are divided so that the tests have theirs', () => {
  assert.deepEqual(divideOpenFiles(1_048_576, 200, true), { limit: 1_048_576, needed: 2_100, http: 1_000 })
  assert.equal(divideOpenFiles(1_048_576, 200, true, true).needed, 2_150)
  assert.deepEqual(divideOpenFiles(Number.POSITIVE_INFINITY, 200, false).http, 1_000)
  assert.deepEqual(divideOpenFiles(2_000, 200, true), { limit: 2_000, needed: 2_000, http: 900 })
  assert.deepEqual(divideOpenFiles(200, 10, false), { limit: 200, needed: 200, http: 60 })
  // Too few for everything: the API has a quarter, and the service says so at its start.
  assert.deepEqual(divideOpenFiles(200, 200, false), { limit: 200, needed: 950, http: 50 })
})
