/** Webhooks through the whole service: each caller gets the events of its own tests, and no output has its secret. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { hashKey } from '../src/access/keys.ts'
import { writeYaml } from './harness/files.ts'
import { bearer, keyOf, resultOf } from './harness/http.ts'
import { closed, open } from './harness/mail-scripts.ts'
import { type Say, scriptedServer } from './harness/mail-server.ts'
import { postOffice, taken } from './harness/post-office.ts'
import { answering, SECRET, webhookReceiver } from './harness/receiver.ts'
import { CALLERS, KEYS, startService, type TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'

const SANDBOX_KEY = keyOf('s')

/** Returns a callers file: the first of the usual callers has a webhook, and so has a caller in the sandbox. */
const callersWith = (url: string, sandboxUrl = url): string =>
  `${CALLERS.replace('customers: [acme, beta]', `customers: [acme, beta]\n    webhook: { url: '${url}', secret: ${SECRET} }`)}
  - id: try
    keys: [{ sha256: ${hashKey(SANDBOX_KEY)} }]
    sandbox: true
    webhook: { url: '${sandboxUrl}', secret: ${SECRET} }
`

/** Gives a service another callers file, and waits until it is in use. */
async function withCallers(service: TestService, callers: string): Promise<void> {
  const reloads = () => service.logs().filter(({ msg }) => msg === 'callers reloaded').length
  const before = reloads()
  writeYaml(join(service.folder, 'callers.yaml'), callers)
  await until('the reload', () => reloads() > before)
}

const metricsOf = async ({ metricsUrl }: TestService) => (await fetch(metricsUrl)).text()

test('a caller with a webhook gets the events of its tests, and no other caller does', async (t) => {
  let say: Say = closed
  const mail = await scriptedServer(t, { say: (line, session) => say(line, session) })
  const receiver = await webhookReceiver(t)
  const sandbox = await webhookReceiver(t)
  const callers = callersWith(receiver.url, sandbox.url)
  const service = await startService(t, { callers, env: { ALLOWED_PORTS: `${mail.port},25`, LOG_LEVEL: 'trace' } })
  const target = { ip: '127.0.0.1', port: mail.port, reference: 'TICKET-1' }
  const types = () => receiver.taken.map(({ event }) => event.type)

  await t.test('each test is an event, with the result as the API shows it', async () => {
    const result = await resultOf(await service.post(target))
    const { id, event } = await until('the event', () => receiver.taken[0])
    assert.equal(id, `${result.id}-finished`)
    assert.deepEqual(event, { type: 'relay-test.finished', timestamp: result.finishedAt, data: result })
  })

  await t.test('another verdict on the same server is one more event, with the test before', async () => {
    const [first = assert.fail()] = receiver.taken
    say = open
    const result = await resultOf(await service.post(target))
    await until('both events', () => receiver.taken.length === 3)
    assert.deepEqual(types().slice(1), ['relay-test.finished', 'server.opened'])
    const { event } = receiver.taken[2] ?? assert.fail()
    assert.ok(event.type === 'server.opened' && first.event.type === 'relay-test.finished')
    assert.deepEqual([event.data.id, event.data.earlier.id], [result.id, first.event.data.id])
    say = closed
    await resultOf(await service.post(target, { prefer: 'respond-async' }), 202)
    await until('two more events', () => receiver.taken.length === 5)
    assert.deepEqual(types().slice(3), ['relay-test.finished', 'server.closed'])
  })

  await t.test('tests of a caller without a webhook cause no event', async () => {
    await resultOf(await service.post(target, bearer(KEYS.desk)))
    await resultOf(await service.post(target))
    await until('the event of the other', () => receiver.taken.length === 6)
  })

  await t.test('a caller in the sandbox gets the events of its recorded sessions', async () => {
    const result = await resultOf(await service.post({ ip: '192.0.2.2' }, bearer(SANDBOX_KEY)))
    const { event } = await until('the event', () => sandbox.taken[0])
    assert.ok(event.type === 'relay-test.finished')
    assert.deepEqual(event.data, result)
    assert.equal(receiver.taken.length, 6)
  })

  await t.test('metrics count what was sent', async () => {
    const text = await metricsOf(service)
    assert.match(text, /^relay_tests_webhooks_total\{outcome="delivered"\} 7$/m)
    assert.match(text, /^relay_tests_webhooks_total\{outcome="dead"\} 0$/m)
    assert.match(text, /^relay_tests_queue_waiting\{queue="webhooks-partner"\} 0$/m)
    assert.match(text, /^relay_tests_queue_late_seconds\{queue="webhooks-partner"\} 0$/m)
  })

  await t.test('a webhook that answers 410 is off, until the file has another url', async () => {
    const gone = await webhookReceiver(t, answering(410))
    await withCallers(service, callersWith(gone.url, sandbox.url))
    await resultOf(await service.post(target))
    await until('the log line', () => service.logs().some(({ msg }) => `${msg}`.includes('answered 410')))
    await resultOf(await service.post(target))
    await until('the second is counted', async () => /outcome="off"\} 1$/m.test(await metricsOf(service)))
    assert.equal(gone.requests, 1)
    await withCallers(service, callersWith(receiver.url, sandbox.url))
    await resultOf(await service.post(target))
    await until('the event', () => receiver.taken.length === 7)
  })

  await t.test('a failed attempt is one line of the log, and no output has the secret', async () => {
    const broken = await webhookReceiver(t, answering(500))
    await withCallers(service, callersWith(broken.url, sandbox.url))
    await resultOf(await service.post(target))
    const line = await until('the log line', () => service.logs().find(({ why }) => why !== undefined))
    assert.deepEqual([line.caller, line.type, line.attempt], ['partner', 'relay-test.finished', 1])
    assert.match(String(line.why), /^it answered 500/)
    await service.stop()
    assert.ok(service.logs().some(({ msg }) => msg === 'a webhook event is lost, because the service ends'))
    assert.ok(!service.output.join('\n').includes(SECRET.slice('whsec_'.length, 18)))
  })
})

test('a message that arrives late is an event', async (t) => {
  const receiver = await webhookReceiver(t)
  const { ip, port, service, server, bring } = await postOffice(t, open, { TEST_DEADLINE_MS: '6000' })
  await withCallers(service, callersWith(receiver.url))
  const first = await resultOf(await service.post({ ip, port }))
  assert.equal(first.evidence, 'message-accepted')
  const { recipient, message } = taken(server)
  await bring(recipient, message)
  await until('both events', () => receiver.taken.length === 2)
  const { event } = receiver.taken[1] ?? assert.fail()
  assert.ok(event.type === 'relay-test.amended')
  assert.deepEqual([event.data.id, event.data.evidence], [first.id, 'delivered'])
  assert.deepEqual(event.data, await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200))
})
