/** The process: how it starts, what it refuses to start with, and how it ends. */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { bearer, problemIn, rawRequest, resultOf } from './harness/http.ts'
import { closed, deadPort, gatedServer } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { conforms } from './harness/openapi.ts'
import { runBuilt, runProgram } from './harness/process.ts'
import { configFolder, environmentFor, KEYS, programAt, startService } from './harness/service.ts'
import { beforeAnswer, inTime, until } from './harness/waiting.ts'

/** Whether nobody listens there any more. */
const isRefused = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(false)).once('error', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })

/** A connection to the service, after the answer to what was sent, if anything was. */
function idleConnection(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {}).once(text === '' ? 'connect' : 'data', () => resolve(socket))
    socket.write(text)
  })
}

const FEW_SECONDS = 5_000

/**
 * A module that sends SIGTERM to its process as port `n` opens, and opens that port only after the signal has arrived.
 */
const signalAtPort = (n: number): string =>
  `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:net'
  const { listen } = Server.prototype
  let count = 0
  Server.prototype.listen = function (...args) {
    // The self-check of a vantage opens a socket of its own.
    if (args[0]?.exclusive) return listen.apply(this, args)
    count += 1
    if (count !== ${n}) return listen.apply(this, args)
    process.once('SIGTERM', () => setImmediate(() => listen.apply(this, args)))
    process.kill(process.pid, 'SIGTERM')
    return this
  }`)}`

// Most of it is waiting, so the tests run side by side.
describe('the process', { concurrency: true }, () => {
  test('a service with faults in its configuration lists them all and never listens', async (t) => {
    const folder = configFolder(t, {
      customers: 'customers:\n  - id: a b\n    name: A\n    networks: []\nneverTest: yes\n',
      callers: 'callers:\n  - id: x\n    keys: [{ sha256: 12 }]\n    customers: some\n',
    })
    const { code, stdout, stderr } = await runBuilt('dist/server.js', [], {
      ...environmentFor(folder),
      PORT: 'http',
      LOG_LEVEL: 'loud',
      MAILBOX_DOMAIN: 'localhost',
      MAILBOX_KEY: 'short',
      CONTACT: 'nobody',
      ALLOWED_PORTS: '0',
      TEST_DEADLINE_MS: '1',
      QUOTA_TARGET: 'many',
      TRUST_PROXY: '10.0.0.1',
      ALLOW_LOOPBACK_TARGETS: 'yes',
      REDIS_URL: 'http://127.0.0.1',
      VANTAGES_FILE: join(folder, 'none.yaml'),
      AUDIT_FILE: join(folder, 'none/audit.log'),
    })
    const file = (name: string, line: number) => `${join(folder, name)}:${line}: `
    const expected = [
      'PORT: must be a whole number from 0 to 65535',
      'LOG_LEVEL: must be one of fatal, error, ',
      'MAILBOX_DOMAIN: must be a domain such as ',
      'MAILBOX_KEY: must be at least 32 characters ',
      'CONTACT: must be a mail address or a web address',
      'ALLOWED_PORTS: must be ports such as 25 ',
      'TEST_DEADLINE_MS: must be a whole number from 5000 to 300000',
      'QUOTA_TARGET: must be a quota such as "60/1h"',
      'TRUST_PROXY: must be a list of networks; write 10.0.0.1/32',
      'ALLOW_LOOPBACK_TARGETS: must be true or false',
      'REDIS_URL: must be redis://HOST:PORT',
      `${file('customers.yaml', 2)}customers[0].id: must be an id of 1 to 64 `,
      `${file('customers.yaml', 4)}customers[0].networks: must list at least one network`,
      `${file('customers.yaml', 5)}neverTest: `,
      `${file('callers.yaml', 3)}callers[0].keys[0].sha256: `,
      `${file('callers.yaml', 4)}callers[0].customers: must be all, or a list of customer ids`,
      `${join(folder, 'none.yaml')}: cannot be read (ENOENT)`,
      'AUDIT_FILE: cannot be written (ENOENT)',
    ]
    const lines = stderr.split('\n')
    for (const start of expected)
      assert.equal(lines.filter((line) => line.startsWith(`  ${start}`)).length, 1, `${start}\n${stderr}`)
    assert.equal(lines.length, expected.length + 2, stderr)
    assert.deepEqual([code, stdout], [1, ''])
  })

  test('a missing setting is named', async () => {
    const { code, stderr } = await runBuilt('dist/server.js', [])
    assert.equal(code, 1)
    for (const name of ['CUSTOMERS_FILE', 'CALLERS_FILE', 'MAILBOX_DOMAIN', 'PROVIDER_NAME', 'CONTACT']) {
      assert.match(stderr, new RegExp(`^ {2}${name}: .*needed`, 'm'))
    }
  })

  test('SIGTERM lets a test in flight end, serves requests in the drain, and exits with 0', async (t) => {
    const dead = await deadPort()
    const { server, hold, release } = await gatedServer(t)
    const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port},${dead}`, DRAIN_MS: '1500' } })
    const stalled = hold(/^EHLO/)
    const running = service.post({ ip: '127.0.0.1', port: server.port })
    await beforeAnswer('the test', stalled, running)
    const ended = service.stop()
    await until('readyz to fail', async () => (await fetch(`${service.url}/readyz`)).status === 503)
    assert.equal((await service.fetch('/limits')).status, 200)
    await resultOf(await service.post({ ip: '127.0.0.2', port: dead }, bearer(KEYS.desk)))
    await until('the end of listening', () => isRefused(service.url))
    assert.equal(service.process.exitCode, null)
    release()
    const response = await inTime('the answer', running)
    assert.equal(response.headers.get('connection'), 'close')
    assert.equal((await resultOf(response)).verdict, 'closed')
    assert.equal(await inTime('the exit', ended), 0)
    for (const message of ['shutting down', 'closed']) {
      await until(message, () => service.logs().some(({ msg }) => msg === message))
    }
  })

  test('SIGTERM does not wait for connections that are kept alive', async (t) => {
    const service = await startService(t)
    const socket = await idleConnection(service.url, 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(await inTime('the exit', service.stop(), FEW_SECONDS), 0)
    socket.destroy()
  })

  test('SIGTERM does not wait for a connection that never asked', async (t) => {
    const service = await startService(t)
    const socket = await idleConnection(service.url, '')
    await fetch(`${service.url}/livez`)
    try {
      assert.equal(await inTime('the exit', service.stop(), FEW_SECONDS), 0)
    } finally {
      socket.destroy()
    }
  })

  test('without an audit log nothing is tested', async (t) => {
    const mail = await scriptedServer(t, { say: closed })
    const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}`, AUDIT_FILE: '/dev/full' } })
    const response = await service.post({ ip: '127.0.0.1', port: mail.port })
    assert.ok(Number(response.headers.get('retry-after')) > 0)
    await problemIn(response, 'audit-unavailable')
    assert.equal(mail.connections, 0)
    assert.deepEqual(
      service.logs().filter(({ msg }) => msg === 'relay test'),
      [],
    )
    const told = () => service.logs().find(({ msg }) => msg === 'the audit log cannot be written')
    assert.equal((await until('the log line', told)).level, 50)
    assert.equal((await service.fetch('/readyz')).status, 200)
    // The address is free again at once: the next refusal is the same.
    await problemIn(await service.post({ ip: '127.0.0.1', port: mail.port }), 'audit-unavailable')
  })

  test('a port that is taken ends the start at once, with one line', async (t) => {
    const service = await startService(t)
    const { port } = new URL(service.url)
    const env = { ...environmentFor(configFolder(t)), PORT: port, DRAIN_MS: '60000' }
    const { code, stdout, stderr } = await inTime('the exit', runBuilt('dist/server.js', [], env))
    assert.deepEqual([code, stderr], [1, ''])
    const { level, msg, error } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    assert.equal(level, 60)
    assert.match(msg, /^HOST, PORT: cannot listen: another process has this port/)
    assert.equal(error, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
    assert.doesNotMatch(stdout, /"msg":"(ready|shutting down)"/)
  })

  test('SIGTERM while a port opens ends the process cleanly', async (t) => {
    const env = { ...environmentFor(configFolder(t)), MAILBOX_LISTEN: '127.0.0.1:0', DRAIN_MS: '60000' }
    for (const [index, port] of ['mailbox', 'metrics', 'HTTP'].entries()) {
      const args = ['--import', signalAtPort(index + 1), programAt('dist/server.js')]
      const { code, stdout, stderr } = await inTime('the exit', runProgram(process.execPath, args, env))
      assert.deepEqual([code, stderr], [0, ''], port)
      for (const message of ['shutting down', 'closed']) assert.ok(stdout.includes(`"msg":"${message}"`), port)
      assert.doesNotMatch(stdout, /"msg":"ready"/)
    }
  })

  test('a host that is none of ours ends the start at once, with one line', async (t) => {
    const env = { ...environmentFor(configFolder(t)), DRAIN_MS: '60000' }
    // TEST-NET-1 and TEST-NET-2 (RFC 5737) are on no machine; a name would wait for DNS.
    const hosts = { '192.0.2.1': 'EADDRNOTAVAIL', '198.51.100.1': 'EADDRNOTAVAIL' }
    for (const [HOST, reason] of Object.entries(hosts)) {
      const { code, stdout, stderr } = await inTime('the exit', runBuilt('dist/server.js', [], { ...env, HOST }))
      assert.deepEqual([code, stderr], [1, ''])
      const { msg, error } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      assert.equal(msg, 'HOST, METRICS_PORT: cannot listen: this machine does not have this address')
      assert.ok(error.includes(reason))
      assert.doesNotMatch(stdout, /"msg":"(ready|shutting down)"/)
    }
  })

  test('a request that does not end is 408', async (t) => {
    const service = await startService(t)
    const head = `POST /relay-tests HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\nContent-Type: application/json\r\n`
    const response = await rawRequest(service.url, `${head}Content-Length: 100\r\n\r\n{"ip"`)
    await conforms('post /relay-tests', response, 'request-timeout')
  })
})
