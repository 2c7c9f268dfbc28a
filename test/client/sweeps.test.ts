/** The sweeps of the TypeScript client: pages, streams and waits. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import {
  RelayTestClient,
  RelayTestProblem,
  RelayTestTimeout,
  RelayTestUnreachable,
  type SweepResult,
} from '../../src/client/client.ts'
import { listening } from '../harness/listening.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { SWEEP_ID, sweepResultWith, sweepService, sweepWith } from '../harness/scripted-sweep.ts'
import { KEYS, startService } from '../harness/service.ts'
import { SECURITY, SWEEP_CALLERS } from '../harness/sweeps.ts'

const key = KEYS.desk
const clientOf = (url: string) => new RelayTestClient({ url, key, patienceMs: 0 })

async function all<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const piece of pieces) found.push(piece)
  return found
}

const addressOf = ({ ip }: SweepResult): string => ip

test('results come page by page, also over pages without a match, and no page is read that nobody wants', async (t) => {
  const results = [1, 2, 3, 4, 5, 6].map((n) =>
    sweepResultWith({ ip: `203.0.113.${n}`, change: n === 1 || n === 6 ? 'opened' : null }),
  )
  const { url, asked } = await sweepService(t, [sweepWith()], results, 2)
  const client = clientOf(url)
  assert.deepEqual((await all(client.sweepResults(SWEEP_ID))).map(addressOf), results.map(addressOf))
  assert.equal(asked.length, 3)
  const opened = await all(client.sweepResults(SWEEP_ID, { change: 'opened' }))
  assert.deepEqual(opened.map(addressOf), ['203.0.113.1', '203.0.113.6'])
  assert.equal(asked.at(-1), `GET /sweeps/${SWEEP_ID}/results?change=opened&limit=1000&cursor=4`)
  for await (const { ip } of client.sweepResults(SWEEP_ID)) if (ip.endsWith('.2')) break
  assert.equal(asked.length, 7)
})

test('a wait tells each look that does not end it, and ends with a sweep that is finished or stopped', async (t) => {
  const running = sweepWith({ status: 'running', finishedAt: null })
  for (const status of ['finished', 'stopped'] as const) {
    const { url } = await sweepService(t, [running, sweepWith({ status })])
    const looks: string[] = []
    const ended = await clientOf(url).waitForSweep(SWEEP_ID, { onProgress: ({ status }) => looks.push(status) })
    assert.deepEqual([looks, ended.status, ended.finishedAt.length], [['running'], status, 24])
  }
})

test('a wait ends when its time is over, and when its signal is aborted', async (t) => {
  const { url } = await sweepService(t, [sweepWith({ status: 'running', finishedAt: null })])
  await assert.rejects(clientOf(url).waitForSweep(SWEEP_ID, { timeoutMs: 50 }), RelayTestTimeout)
  const leaving = new AbortController()
  const onProgress = () => leaving.abort(new Error('enough'))
  await assert.rejects(clientOf(url).waitForSweep(SWEEP_ID, { signal: leaving.signal, onProgress }), /enough/)
})

test('a list of results that breaks off is an error, as JSON and as CSV', async (t) => {
  const server = createServer((request, response) => {
    const type = request.headers.accept ?? ''
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` })
    response.write(type === 'text/csv' ? 'ip,port\r\n203.0.113.25' : '{"results": [')
    // Ends the connection when the first part has left.
    response.write('', () => response.destroy())
  })
  const client = clientOf(`http://127.0.0.1:${await listening(t, server, new Set())}`)
  await assert.rejects(all(client.sweepResults(SWEEP_ID)), RelayTestUnreachable)
  await assert.rejects(all(client.sweepCsv(SWEEP_ID)), RelayTestUnreachable)
})

test('the start of a sweep is not sent twice: there may already be one', async (t) => {
  let asked = 0
  const server = createServer((request) => {
    asked += 1
    request.socket.destroy()
  })
  const client = new RelayTestClient({ url: `http://127.0.0.1:${await listening(t, server, new Set())}`, key })
  await assert.rejects(client.sweep({ name: 'weekly', customers: 'all' }), RelayTestUnreachable)
  assert.equal(asked, 1)
})

test('a sweep of a real service', async (t) => {
  const { port } = await scriptedServer(t, { say: closed }, { hosts: ['127.0.0.1', '127.0.1.1'] })
  const customers = 'customers: [{ id: acme, name: Acme, networks: [127.0.0.0/16], domains: [example.com] }]'
  const service = await startService(t, { callers: SWEEP_CALLERS, customers, env: { ALLOWED_PORTS: `${port}` } })
  const client = new RelayTestClient({ url: service.url, key: SECURITY, patienceMs: 0 })
  const targets = ['127.0.0.1', '127.0.1.1'].map((ip) => ({ ip, port }))

  await t.test('is started, awaited, listed and read', async () => {
    const { id, status } = await client.sweep({ name: 'weekly', targets })
    assert.equal(status, 'running')
    const ended = await client.waitForSweep(id)
    assert.deepEqual([ended.status, ended.verdicts.closed], ['finished', 2])
    assert.deepEqual([await client.readSweep(id), await client.sweeps('weekly')], [ended, [ended]])
    assert.deepEqual([(await client.sweeps()).length, await client.sweeps('monthly')], [1, []])
    const results = await all(client.sweepResults(id, { verdict: 'closed', customerId: 'acme', state: 'tested' }))
    assert.deepEqual(results.map(addressOf).sort(), ['127.0.0.1', '127.0.1.1'])
    assert.deepEqual(await all(client.sweepResults(id, { verdict: 'open' })), [])
    const csv = (await all(client.sweepCsv(id))).join('')
    assert.deepEqual([csv.split('\r\n').length, csv.startsWith('ip,port,')], [4, true])
  })

  await t.test('is refused while one of its name runs, and can be stopped', async () => {
    const slow = { name: 'slow', targets, spread: '7d' }
    const { id } = await client.sweep(slow)
    const error = await client.sweep(slow).catch((reason: unknown) => reason)
    assert.ok(error instanceof RelayTestProblem)
    assert.deepEqual([error.slug, error.location], ['sweep-running', `/sweeps/${id}`])
    assert.equal((await client.stopSweep(id)).status, 'stopped')
    assert.equal((await client.waitForSweep(id)).status, 'stopped')
  })

  await t.test('needs a key that may sweep', async () => {
    const desk = new RelayTestClient({ url: service.url, key: KEYS.desk, patienceMs: 0 })
    const error = await desk.sweeps().catch((reason: unknown) => reason)
    assert.ok(error instanceof RelayTestProblem)
    assert.equal(error.slug, 'sweeps-not-allowed')
  })
})
