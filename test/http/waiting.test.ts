/** Tests with respond-async that wait for a slot. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { limits } from '../../src/contract/limits.ts'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { eventsOf, follow, linesIn } from '../harness/events.ts'
import { writeYaml } from '../harness/files.ts'
import { heldServer, loopbacks } from '../harness/held-server.ts'
import { bearer, callersYaml, keyOf, leftOf, problemIn, resultOf } from '../harness/http.ts'
import { conforms } from '../harness/openapi.ts'
import { CUSTOMERS, KEYS, startService, type TestService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const ASYNC = { prefer: 'respond-async' }
const PERSON = bearer(keyOf('1'))
const DESK = bearer(KEYS.desk)
const CALLERS = [
  { id: 'partner', key: KEYS.partner, customers: '[acme, beta]' },
  { id: 'desk', key: KEYS.desk, customers: 'all' },
  { id: 'person', key: keyOf('1'), customers: '[acme]' },
]

/** Starts a service with few slots, and a server whose tests wait until they are released. */
async function start(t: TestContext, slots: number, hosts = loopbacks(12)) {
  const held = await heldServer(t, hosts)
  const env = { ALLOWED_PORTS: `${held.server.port}`, MAX_CONCURRENT_TESTS: `${slots}` }
  const service = await startService(t, { env, callers: callersYaml(CALLERS) })
  const post = (ip: string, headers = {}) => service.post({ ip, port: held.server.port }, headers)
  const queue = async (ip: string, headers = {}) => resultOf(await post(ip, { ...ASYNC, ...headers }), 202)
  const read = async ({ id }: Pick<RelayTest, 'id'>, headers = DESK) =>
    resultOf(await service.fetch(`/relay-tests/${id}`, { headers }), 200)
  const finished = (made: Pick<RelayTest, 'id'>) =>
    until('the result', async () => {
      const result = await read(made)
      return result.status === 'finished' && result
    })
  return { ...held, service, post, queue, read, finished }
}

/** Returns the most tests that ran at the same time, from the audit log. */
function mostAtOnce(service: TestService): number {
  let [running, most] = [0, 0]
  for (const { audit } of service.logs()) {
    if (audit === 'intent') running += 1
    if (audit === 'result') running -= 1
    most = Math.max(most, running)
  }
  return most
}

test('ten tests for three slots all end, in their order, and never more than three run at once', async (t) => {
  const { service, queue, read, finished, release, reached, dialled } = await start(t, 3)
  const made: RelayTest[] = []
  for (const ip of loopbacks(10)) made.push(await queue(ip))
  await reached('127.0.0.1')
  assert.deepEqual(
    made.map(({ position }) => position),
    [null, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  const [first, second] = await Promise.all(made.map((one) => read(one)))
  assert.ok(first?.startedAt)
  assert.deepEqual([first.queuedAt, first.position], [null, null])
  assert.deepEqual([second?.status, second?.startedAt, second?.position], ['running', null, 1])
  assert.ok(second?.queuedAt)
  release()
  const ends = await Promise.all(made.map(finished))
  for (const { verdict, queuedAt, startedAt, finishedAt, position, createdAt } of ends.slice(1)) {
    assert.deepEqual([verdict, position], ['closed', null])
    assert.ok(createdAt <= `${queuedAt}` && `${queuedAt}` <= `${startedAt}` && `${startedAt}` < `${finishedAt}`)
  }
  assert.ok(mostAtOnce(service) <= 3)
  // Tests are admitted one after another. The connections of two may arrive in any order.
  const intents = service.logs().filter(({ audit }) => audit === 'intent')
  assert.deepEqual(
    intents.map(({ ip }) => ip),
    loopbacks(10),
  )
  assert.deepEqual(new Set(dialled()), new Set(loopbacks(10)))
})

test('a request that waits for its answer gets a slot while other tests are on the waiting list', async (t) => {
  const { post, queue, read, release, reached } = await start(t, 3)
  await queue('127.0.0.1')
  await queue('127.0.0.2', DESK)
  await Promise.all(['127.0.0.1', '127.0.0.2'].map(reached))
  const waiting = [await queue('127.0.0.3'), await queue('127.0.0.4', DESK), await queue('127.0.0.5', PERSON)]
  release('127.0.0.6')
  assert.equal((await resultOf(await post('127.0.0.6', PERSON))).verdict, 'closed')
  for (const one of waiting) assert.equal((await read(one)).startedAt, null)
})

test('a caller whose slots are taken holds up no test of another caller', async (t) => {
  const { queue, finished, release, reached } = await start(t, 3)
  await queue('127.0.0.1')
  await reached('127.0.0.1')
  for (const ip of ['127.0.0.2', '127.0.0.3', '127.0.0.4']) await queue(ip)
  await queue('127.0.0.5', DESK)
  const waiting = await queue('127.0.0.6', DESK)
  release('127.0.0.5')
  release('127.0.0.6')
  assert.equal((await finished(waiting)).verdict, 'closed')
})

test('a full line', async (t) => {
  const { service, post, queue, reached, finished, release } = await start(t, 1)
  const first = await queue('127.0.0.1')
  await reached('127.0.0.1')
  const made = [first]
  for (const ip of loopbacks(11).slice(1)) made.push(await queue(ip))

  await t.test('refuses the next test, which costs no quota', async () => {
    const { waitingTests } = limits.parse(await (await service.fetch('/limits')).json())
    assert.equal(waitingTests, 10)
    const left = await leftOf(service, 'tests-caller', KEYS.partner)
    const refused = await post('127.0.0.12', ASYNC)
    assert.ok(Number(refused.headers.get('retry-after')) > 0)
    await problemIn(refused, 'at-capacity')
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), left)
    const list = await (await service.fetch('/relay-tests?ip=127.0.0.12')).json()
    assert.deepEqual(list, { relayTests: [], nextCursor: null })
  })

  await t.test('is counted in the metrics', async () => {
    const text = await (await fetch(service.metricsUrl)).text()
    assert.match(text, /^relay_tests_queue_waiting\{queue="tests"\} 10$/m)
    assert.match(text, /^relay_tests_queue_late_seconds\{queue="tests"\} [0-9.]+$/m)
    assert.match(text, /^relay_tests_queue_dead\{queue="tests"\} 0$/m)
  })

  await t.test('empties', async () => {
    release()
    for (const result of await Promise.all(made.map(finished))) assert.equal(result.verdict, 'closed')
    assert.equal(mostAtOnce(service), 1)
  })
})

test('a test that waits', async (t) => {
  const { service, post, queue, read, release, reached, finished } = await start(t, 1)
  await queue('127.0.0.1')
  await reached('127.0.0.1')
  const key = { 'idempotency-key': 'k' }
  const left = await leftOf(service, 'tests-caller', KEYS.partner)
  const response = await post('127.0.0.2', { ...ASYNC, ...key })
  const waiting = await conforms('post /relay-tests', response.clone(), 202)
  const made = await resultOf(response, 202)

  await t.test('is found by its idempotency key, and counted once', async () => {
    assert.deepEqual(waiting, made)
    const again = await resultOf(await post('127.0.0.2', { ...ASYNC, ...key }), 202)
    assert.deepEqual([again.id, again.position], [made.id, 1])
    await problemIn(await post('127.0.0.2', key), 'idempotency-running')
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), left - 1)
  })

  await t.test('is one test, even if requests with its key come at the same moment', async () => {
    const both = await Promise.all([1, 2, 3].map(() => queue('127.0.0.3', { 'idempotency-key': 'same' })))
    assert.equal(new Set(both.map(({ id }) => id)).size, 1)
    assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), left - 2)
  })

  await t.test('shows its position as text', async () => {
    const text = await service.fetch(`/relay-tests/${made.id}`, { headers: { accept: 'text/plain' } })
    assert.match(await text.text(), /^WAITING {2}127\.0\.0\.2:\d+ \(example\.com\)\nthe next test\n/)
  })

  await t.test('is followed from its wait to its verdict', async () => {
    const accept = { accept: 'text/event-stream' }
    const { events, ended } = follow(eventsOf(await service.fetch(`/relay-tests/${made.id}`, { headers: accept })))
    await until('its position', () => events.length === 1)
    assert.deepEqual(events, [{ event: 'waiting', data: { position: 1 } }])
    release('127.0.0.1')
    await reached('127.0.0.2')
    await until('its first line', () => linesIn(events).length > 0)
    release()
    const all = await inTime('the verdict', ended)
    assert.deepEqual(all.at(-1), { event: 'verdict', data: await read(made) })
    assert.equal((await finished(made)).verdict, 'closed')
  })
})

test('a test whose target is busy when its turn comes is tried again', async (t) => {
  const { service, post, queue, release, reached, finished } = await start(t, 4)
  const person = post('127.0.0.1', PERSON)
  const first = await queue('127.0.0.2')
  await Promise.all(['127.0.0.1', '127.0.0.2'].map(reached))
  const busy = await queue('127.0.0.1')
  const next = await queue('127.0.0.3')
  release('127.0.0.2')
  release('127.0.0.3')
  for (const made of [first, next]) assert.equal((await finished(made)).verdict, 'closed')
  release()
  const { id } = await resultOf(await person)
  assert.equal((await finished(busy)).verdict, 'closed')
  const lines = service.logs().map(({ audit, id: of }) => `${audit} ${of}`)
  assert.ok(lines.indexOf(`intent ${busy.id}`) > lines.indexOf(`result ${id}`))
})

for (const [what, change, why] of [
  [
    'whose caller is gone',
    { file: 'callers', text: callersYaml(CALLERS.slice(1)) },
    'it is no longer allowed (the holder of this key may no longer use the service)',
  ],
  [
    'while testing is off',
    { file: 'customers', text: `testing: false\n${CUSTOMERS}` },
    'it is no longer allowed (the operator of this service has switched testing off)',
  ],
  [
    'whose address may no longer be tested',
    { file: 'customers', text: CUSTOMERS.replace('127.0.0.99/32', '127.0.0.2/32') },
    'it is no longer allowed (127.0.0.2 is never tested: its operator asked us not to)',
  ],
  [
    "whose address is another customer's now",
    { file: 'customers', text: CUSTOMERS.replace('id: acme', 'id: other') },
    'it is no longer allowed (',
  ],
] as const) {
  test(`a test ${what} when its turn comes ends without a dial, and says why`, async (t) => {
    const { service, queue, release, reached, finished, dialled } = await start(t, 1)
    await queue('127.0.0.1', DESK)
    await reached('127.0.0.1')
    const key = { 'idempotency-key': 'k' }
    const made = await queue('127.0.0.2', key)
    writeYaml(join(service.folder, `${change.file}.yaml`), change.text)
    await until('the reload', () => service.logs().find(({ msg }) => msg === `${change.file} reloaded`))
    release()
    const result = await finished(made)
    assert.deepEqual([result.verdict, result.reason, result.startedAt], ['inconclusive', 'interrupted', null])
    assert.ok(result.summary?.startsWith(`We did not start the test, because ${why}`), `${result.summary}`)
    assert.deepEqual(dialled(), ['127.0.0.1'])
    assert.ok(!service.logs().some(({ audit, id }) => audit !== undefined && id === made.id))
  })
}

test('a shutdown ends the tests that wait in memory, and their event streams say so', async (t) => {
  const { service, queue, release, reached, dialled } = await start(t, 1)
  await queue('127.0.0.1')
  await reached('127.0.0.1')
  const made = [await queue('127.0.0.2'), await queue('127.0.0.3')]
  const accept = { accept: 'text/event-stream' }
  const streams = await Promise.all(
    made.map(async ({ id }) => follow(eventsOf(await service.fetch(`/relay-tests/${id}`, { headers: accept })))),
  )
  const ended = service.stop()
  for (const stream of streams) {
    const last = (await inTime('the verdict', stream.ended)).at(-1)
    assert.ok(last?.event === 'verdict')
    assert.deepEqual([last.data.reason, last.data.startedAt], ['interrupted', null])
    assert.match(`${last.data.summary}`, /^We did not start the test, because the service was shut down\./)
  }
  release()
  assert.equal(await inTime('the exit', ended), 0)
  assert.deepEqual(dialled(), ['127.0.0.1'])
})
