/** Following a test that another replica runs, or that fails. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRequest } from '../../src/service/request.ts'
import { memoryStores } from '../../src/store/stores.ts'
import { StoreUnavailable } from '../../src/store/unavailable.ts'
import { follow, linesIn } from '../harness/events.ts'
import { closed, gatedServer } from '../harness/mail-scripts.ts'
import { inProcess } from '../harness/relay-tests.ts'
import { inTime, until } from '../harness/waiting.ts'

const NEVER = new AbortController().signal
const LIVE = { idempotencyKey: null, respondAsync: false, live: true }

test('the events of a test that another replica runs come when it is finished', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const stores = memoryStores(60_000)
  const [here, there] = [await inProcess(t, stores), await inProcess(t, stores)]
  const asking = here.asking('desk')
  const request = readRequest(
    { ip: '127.0.0.1', port: server.port },
    { allowedPorts: [server.port], defaultProof: 'message' },
  )
  const stalled = hold(/^RCPT/)
  const { result } = await here.relayTests.start(request, asking, LIVE)
  assert.equal(result.status, 'running')
  const near = follow(toAsync(here.relayTests.follow(result, asking.caller, NEVER)))
  const far = follow(toAsync(there.relayTests.follow(result, asking.caller, NEVER)))
  const leaving = new AbortController()
  const left = follow(toAsync(there.relayTests.follow(result, asking.caller, leaving.signal)))
  await inTime('the command', stalled)
  await until('the command', () => linesIn(near.events).at(-1)?.startsWith('RCPT TO:'))
  leaving.abort()
  assert.deepEqual(await inTime('the end of the stream that was left', left.ended), [])
  assert.deepEqual(far.events, [])
  release()
  const [live, replayed] = await inTime('both ends', Promise.all([near.ended, far.ended]))
  assert.deepEqual(linesIn(replayed), linesIn(live))
  assert.deepEqual(replayed.at(-1), live.at(-1))
  assert.ok(replayed.some(({ event, data }) => event === 'line' && data.key))
})

test('a stream whose test fails ends without a verdict', async (t) => {
  const { server, hold, release } = await gatedServer(t, closed)
  const stores = memoryStores(60_000)
  const { relayTests, asking, audited } = await inProcess(t, stores)
  const request = readRequest(
    { ip: '127.0.0.1', port: server.port },
    { allowedPorts: [server.port], defaultProof: 'message' },
  )
  const stalled = hold(/^RCPT/)
  const { result } = await relayTests.start(request, asking('desk'), LIVE)
  const { ended } = follow(toAsync(relayTests.follow(result, asking('desk').caller, NEVER)))
  await inTime('the command', stalled)
  assert.equal(audited.length, 1)
  stores.recentRefusals.note = () => {
    throw new StoreUnavailable(new Error('away'))
  }
  release()
  const events = await inTime('the end', ended)
  assert.ok(linesIn(events).some((line) => line.startsWith('RCPT TO:')))
  assert.ok(events.every(({ event }) => event !== 'verdict'))
})

async function* toAsync<T>(source: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T> {
  yield* source
}
