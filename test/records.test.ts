/** The log and the audit log of a test, and secrets that appear in neither. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bearer, keyOf, leftOf, problemIn, rawRequest, resultOf } from './harness/http.ts'
import { closed, deadPort, gatedServer, open } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { configFolder, KEYS, startService } from './harness/service.ts'
import { beforeAnswer, until } from './harness/waiting.ts'

test('the audit log and the log of tests', async (t) => {
  const lax = await scriptedServer(t, { say: open })
  const gated = await gatedServer(t)
  const dead = await deadPort()
  const audit = join(configFolder(t), 'audit.log')
  const service = await startService(t, {
    env: { ALLOWED_PORTS: [lax.port, gated.server.port, dead].join(','), AUDIT_FILE: audit },
  })
  const audited = (): Record<string, unknown>[] =>
    readFileSync(audit, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  const about = (id: string, entries: Record<string, unknown>[]) => entries.filter((entry) => entry.id === id)

  await t.test('a test is one line of the log, with all that matters', async () => {
    const opened = await service.post({ ip: '127.0.0.1', port: lax.port, reference: 'TICKET-1' })
    const nothing = await service.post({ ip: '127.0.2.1', port: dead }, bearer(KEYS.desk))
    const cases = [
      [opened, 'partner', 'acme', 'TICKET-1', 'open', 'message-accepted', null],
      [nothing, 'desk', 'gamma', null, 'inconclusive', 'none', 'connection-refused'],
    ] as const
    for (const [response, ...expected] of cases) {
      const asked = response.headers.get('request-id')
      const result = await resultOf(response)
      await until('the log line', () => about(result.id, service.logs()).length > 0)
      const lines = about(result.id, service.logs())
      assert.equal(lines.length, 1)
      const { caller, customer, reference, verdict, evidence, reason, ip, port, ms, msg, level } = lines[0] ?? {}
      assert.deepEqual([caller, customer, reference, verdict, evidence, reason], expected)
      assert.deepEqual([ip, port, ms, msg, level], [result.ip, result.port, result.durationMs, 'relay test', 30])
      assert.ok(asked)
      assert.deepEqual([lines[0]?.requestId, lines[0]?.reqId], [asked, asked])
    }
  })

  await t.test('the audit log has the intent before the server is spoken to, and the result after', async () => {
    const stalled = gated.hold(/^EHLO/)
    const running = service.post({ ip: '127.0.0.1', port: gated.server.port, reference: 'TICKET-2' })
    await beforeAnswer('the test', stalled, running)
    const intents = audited().filter(({ reference }) => reference === 'TICKET-2')
    assert.deepEqual(
      intents.map((entry) => entry.audit),
      ['intent'],
    )
    gated.release()
    const response = await running
    const requestId = response.headers.get('request-id')
    const { id } = await resultOf(response)
    const [intent, result, ...more] = about(id, audited())
    assert.deepEqual(more, [])
    const { time, ...told } = intent ?? {}
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const who = {
      id,
      caller: 'partner',
      customer: 'acme',
      reference: 'TICKET-2',
      ip: '127.0.0.1',
      port: gated.server.port,
      requestId,
    }
    const what = { domain: 'example.com', knownMailbox: null, suite: 'standard', proof: 'message', vantage: 'default' }
    assert.deepEqual(told, { audit: 'intent', decision: 'allowed', ...who, ...what })
    assert.deepEqual([result?.audit, result?.verdict, result?.caller], ['result', 'closed', 'partner'])
    assert.equal(result?.requestId, requestId)
  })

  await t.test('a refused request is not audited, and is one line of the log', async () => {
    const before = audited().length
    const { instance, detail } = await problemIn(await service.post({ ip: '127.0.2.1', port: dead }), 'not-allowed')
    assert.equal(audited().length, before)
    const lines = () => service.logs().filter(({ reqId }) => reqId === instance)
    await until('the log line', () => lines().length > 0)
    assert.equal(lines().length, 1)
    const { time, pid, hostname, ...told } = lines()[0] ?? {}
    assert.deepEqual(told, {
      level: 30,
      reqId: instance,
      caller: 'partner',
      from: '127.0.0.1',
      method: 'POST',
      route: '/relay-tests',
      problem: 'not-allowed',
      status: 403,
      detail,
      msg: 'refused',
    })
  })

  await t.test('the time of each line of the log is ISO 8601', () => {
    for (const { time } of service.logs()) assert.equal(new Date(String(time)).toISOString(), time)
  })
})

test('the log names the quotas that a request was refused for', async (t) => {
  const port = await deadPort()
  const env = { ALLOWED_PORTS: `${port}`, QUOTA_TARGET: '1/1h', QUOTA_NETWORK: '1/1h', QUOTA_REQUESTS: '2/1h' }
  const service = await startService(t, { env })
  await resultOf(await service.post({ ip: '127.0.0.1', port }))
  for (const policies of [['tests-target', 'tests-network'], ['requests']]) {
    const { instance, detail } = await problemIn(await service.post({ ip: '127.0.0.1', port }), 'quota-exceeded')
    const line = await until('the log line', () => service.logs().find(({ reqId }) => reqId === instance))
    assert.deepEqual([line.msg, line.detail, line.violatedPolicies], ['refused', detail, policies])
  }
})

test('without AUDIT_FILE the audit log is on standard output', async (t) => {
  const port = await deadPort()
  const service = await startService(t, { env: { ALLOWED_PORTS: `${port}` } })
  const { id } = await resultOf(await service.post({ ip: '127.0.0.1', port }))
  const kinds = () =>
    service
      .logs()
      .filter((entry) => entry.id === id)
      .map(({ audit, msg }) => audit ?? msg)
  await until('two lines', () => kinds().length === 2)
  assert.deepEqual(kinds(), ['intent', 'result'])
  const { msg, level, verdict, requestId, reqId } = service.logs().find(({ audit }) => audit === 'result') ?? {}
  assert.deepEqual([msg, level, verdict], ['relay test', 30, 'inconclusive'], 'it is the line of the log too')
  assert.equal(reqId, requestId)
})

test('an audit log that was moved away is made anew, and a folder in its place keeps tests from being made', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const folder = configFolder(t)
  const audit = join(folder, 'audit.log')
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}`, AUDIT_FILE: audit } })
  const idsIn = (path: string) => [
    ...new Set(
      readFileSync(path, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ),
  ]
  const run = async () => (await resultOf(await service.post({ ip: '127.0.0.1', port: mail.port }))).id
  const first = await run()
  renameSync(audit, `${audit}.1`)
  const second = await run()
  assert.deepEqual([idsIn(`${audit}.1`), idsIn(audit)], [[first], [second]])
  rmSync(audit)
  const third = await run()
  assert.deepEqual(idsIn(audit), [third])
  rmSync(audit)
  mkdirSync(audit)
  const before = mail.connections
  await problemIn(await service.post({ ip: '127.0.0.1', port: mail.port }), 'audit-unavailable')
  assert.equal(mail.connections, before)
  rmdirSync(audit)
  const fourth = await run()
  assert.deepEqual(idsIn(audit), [fourth])
})

test('a test that is not made for want of an audit log costs nothing', async (t) => {
  const port = await deadPort()
  const service = await startService(t, { env: { ALLOWED_PORTS: `${port}`, AUDIT_FILE: '/dev/full' } })
  const before = await leftOf(service, 'tests-caller', KEYS.partner)
  await problemIn(await service.post({ ip: '127.0.0.1', port }), 'audit-unavailable')
  assert.equal(await leftOf(service, 'tests-caller', KEYS.partner), before)
})

test('a key appears in no output, whatever is done with it', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}`, LOG_LEVEL: 'trace' } })
  let errors = ''
  service.process.stderr?.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const key = keyOf('s')
  const json = { 'content-type': 'application/json' }
  const good = { ip: '127.0.0.1', port: mail.port }
  await resultOf(await service.post(good))
  await problemIn(await service.post(good, { accept: 'text/html' }), 'not-acceptable')
  await problemIn(await service.post({ [KEYS.partner]: KEYS.partner }), 'invalid-request')
  await problemIn(await service.post({ ...good, customerId: KEYS.partner }), 'not-allowed')
  await problemIn(await service.post(good, bearer(key)), 'unauthenticated')
  await problemIn(await service.post(good, { authorization: `Basic ${key}` }), 'unauthenticated')
  await problemIn(await service.post(good, { authorization: key }), 'unauthenticated')
  await problemIn(await service.fetch(`/limits/${KEYS.partner}?key=${key}`), 'not-found')
  await problemIn(await service.fetch(`/relay-tests/${KEYS.partner}?key=${key}`), 'not-found')
  const broken = { method: 'POST', headers: json, body: `{"key":"${key}"` }
  await problemIn(await service.fetch('/relay-tests', broken), 'invalid-request')
  await problemIn(await rawRequest(service.url, `GET /${key} HTTP/9.9\r\nX-Key: ${key}\r\n\r\n`), 'invalid-request')
  await problemIn(await service.fetch(`/relay-tests/${key.repeat(300)}`), 'headers-too-large')
  await problemIn(await service.post({ ...good, [KEYS.partner]: 1 }), 'invalid-request')
  await problemIn(await service.post({ ...good, customerId: KEYS.desk }, bearer(KEYS.desk)), 'not-allowed')
  await service.stop()
  const output = [...service.output, errors].join('\n')
  assert.ok(output.includes('"msg":"relay test"') && output.includes('"problem":"unauthenticated"'))
  for (const secret of [KEYS.desk, key, KEYS.partner]) {
    assert.equal(output.includes(secret.slice(0, 12)), false)
    assert.equal(mail.lines.join('\n').includes(secret.slice(0, 12)), false)
  }
})
