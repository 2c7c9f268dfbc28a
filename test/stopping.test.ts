/** Running tests when testing is switched off, or the process ends. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { writeYaml } from './harness/files.ts'
import { rawConnection, resultOf } from './harness/http.ts'
import { gatedServer, open } from './harness/mail-scripts.ts'
import { CALLERS, CUSTOMERS, KEYS, startService } from './harness/service.ts'
import { beforeAnswer, inTime, until } from './harness/waiting.ts'

test('switching testing off stops a running test at its next command', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const held = hold(/^RCPT/)
  const answer = service.post({ ip: '127.0.0.1', port: server.port })
  await beforeAnswer('the test', held, answer)
  writeYaml(join(service.folder, 'customers.yaml'), `testing: false\n${CUSTOMERS}`)
  await until('the reload', () => service.logs().find(({ msg }) => msg === 'customers reloaded'))
  release()
  const result = await resultOf(await answer)
  assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'interrupted'])
  assert.equal(server.lines.filter((line) => line.startsWith('RCPT')).length, 1)
  assert.equal(server.lines.at(-1), 'QUIT')
})

/** Files that no longer allow a test of 127.0.0.1 by the partner, and the words of the result. */
const WITHDRAWN: readonly (readonly [what: string, file: 'customers' | 'callers', text: string, why: RegExp])[] = [
  ['testing is off', 'customers', `testing: false\n${CUSTOMERS}`, /switched testing off/],
  [
    'the address is on neverTest',
    'customers',
    CUSTOMERS.replace('127.0.0.99/32', '127.0.0.0/28'),
    /127\.0\.0\.1 is never tested: its operator asked us not to/,
  ],
  ['the customer is gone', 'customers', 'customers: []\n', /127\.0\.0\.1 is in 127\.0\.0\.0\/8/],
  [
    "the network is another customer's",
    'customers',
    CUSTOMERS.replace('id: acme', 'id: other'),
    /may not test 127\.0\.0\.1/,
  ],
  [
    'the domain is gone',
    'customers',
    CUSTOMERS.replace('example.com, ', ''),
    /example\.com is not a domain of the customer/,
  ],
  ['the caller is gone', 'callers', 'callers: []\n', /the holder of this key may no longer use the service/],
  [
    'the caller has another scope',
    'callers',
    CALLERS.replace('[acme, beta]', '[beta]'),
    /this key may not test 127\.0\.0\.1/,
  ],
]

describe('a reload stops a test that the files no longer allow, whatever the server does', { concurrency: 2 }, () => {
  for (const [what, name, text, why] of WITHDRAWN) {
    test(what, async (t) => {
      const { server, hold } = await gatedServer(t)
      const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
      const held = hold(/^RCPT/)
      const answer = service.post({ ip: '127.0.0.1', port: server.port })
      await beforeAnswer('the test', held, answer)
      const before = server.lines.length
      writeYaml(join(service.folder, `${name}.yaml`), text)
      // The reply to RCPT never comes, so that only closing the connection ends the test before its deadline.
      const result = await resultOf(await inTime('the end of the test', answer))
      assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'interrupted'])
      assert.match(`${result.summary}`, /^We stopped the test, because it is no longer allowed \(.+\)\.$/)
      assert.match(`${result.summary}`, why)
      assert.deepEqual(server.lines.slice(before), [])
      const lines = service.logs().filter(({ audit }) => audit === 'result')
      assert.deepEqual(lines.length, 1)
      assert.match(`${lines[0]?.withdrawn}`, why)
    })
  }
})

test('a message is not finished if the files no longer allow the test', async (t) => {
  const { server, hold, release } = await gatedServer(t, open)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const held = hold(/^DATA/)
  const answer = service.post({ ip: '127.0.0.1', port: server.port, proof: 'message' })
  await beforeAnswer('the message', held, answer)
  const before = server.lines.length
  writeYaml(join(service.folder, 'customers.yaml'), CUSTOMERS.replace('127.0.0.99/32', '127.0.0.1/32'))
  await until('the reload', () => service.logs().find(({ msg }) => msg === 'customers reloaded'))
  release()
  const result = await resultOf(await inTime('the end of the test', answer))
  assert.deepEqual([result.evidence, result.reason], ['recipient-accepted', 'interrupted'])
  assert.deepEqual(server.lines.slice(before), [])
})

test('a reload leaves a test alone that is still allowed', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const held = hold(/^RCPT/)
  const answer = service.post({ ip: '127.0.0.1', port: server.port })
  await beforeAnswer('the test', held, answer)
  writeYaml(join(service.folder, 'customers.yaml'), CUSTOMERS.replace('Acme Pty Ltd', 'Acme'))
  writeYaml(join(service.folder, 'callers.yaml'), CALLERS.replace('[acme, beta]', '[acme]'))
  for (const name of ['customers', 'callers']) {
    await until('the reload', () => service.logs().find(({ msg }) => msg === `${name} reloaded`))
  }
  release()
  assert.equal((await resultOf(await answer)).verdict, 'closed')
})

test('the end of the process waits for a test whose caller has left, and its audit line', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const held = hold(/^RCPT/)
  const caller = new AbortController()
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ ip: '127.0.0.1', port: server.port })
  const answer = service.fetch('/relay-tests', { method: 'POST', headers, body, signal: caller.signal })
  await beforeAnswer('the test', held, answer)
  caller.abort()
  await assert.rejects(answer)
  const ended = service.stop()
  await until('the end to begin', () => service.logs().find(({ msg }) => msg === 'shutting down'))
  release()
  assert.equal(await inTime('the exit', ended), 0)
  const audit = service.logs().filter(({ audit: kind }) => kind !== undefined)
  assert.deepEqual(
    audit.map(({ audit: kind }) => kind),
    ['intent', 'result'],
  )
  assert.equal(audit[1]?.callerGone, true)
  assert.equal(server.lines.at(-1), 'QUIT')
})

test('a request that never comes whole does not keep the process from its end', async (t) => {
  const service = await startService(t)
  const head = `POST /relay-tests HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\nContent-Type: application/json\r\n`
  const { answer } = rawConnection(service.url, `${head}Content-Length: 50\r\n\r\n{"ip"`)
  await service.fetch('/livez')
  assert.equal(await inTime('the exit', service.stop()), 0)
  await answer
})

test('requests that wait behind others on a connection end with it', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}` } })
  const held = hold(/^EHLO/)
  const request = (ip: string) => {
    const body = JSON.stringify({ ip, port: server.port })
    const head = `POST /relay-tests HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\nContent-Type: application/json\r\n`
    return `${head}Content-Length: ${body.length}\r\n\r\n${body}`
  }
  const { socket } = rawConnection(service.url, ['127.0.0.1', '127.0.0.1', '127.0.0.1'].map(request).join(''))
  await held
  socket.resetAndDestroy()
  const tested = () => service.logs().filter(({ msg }) => msg === 'relay test')
  release()
  await until('the end of the test', () => tested().length > 0)
  for (const { callerGone, reason } of tested()) assert.deepEqual([callerGone, reason], [true, 'interrupted'])
})

test('SIGHUP, at which other servers reload, ends nothing', async (t) => {
  const service = await startService(t)
  service.process.kill('SIGHUP')
  await until('the line', () => service.logs().find(({ msg }) => `${msg}`.startsWith('SIGHUP changes nothing')))
  assert.equal((await service.fetch('/readyz')).status, 200)
})
