/** Dialling: exactly the address that was checked, and what a failure says. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Address, parseAddress } from '../../src/ip/address.ts'
import { dialFrom } from '../../src/smtp/dial.ts'
import { faultOf, isOwnError } from '../../src/smtp/socket-errors.ts'
import { listening } from '../harness/listening.ts'
import { runProgram } from '../harness/process.ts'
import { onPath } from '../lab/unavailable.ts'

const SMTP = new URL('../../src/smtp/', import.meta.url)

const addressOf = (text: string): Address => {
  const address = parseAddress(text)
  assert.ok(address)
  return address
}

async function listen(t: TestContext, host: string) {
  const sockets = new Set<Socket>()
  const port = await listening(
    t,
    createServer((socket) => sockets.add(socket)),
    sockets,
    host,
  )
  return { port }
}

test('the connection goes to the address that was asked for, from the one to bind', async (t) => {
  const { port } = await listen(t, '127.0.0.1')
  const result = await dialFrom([addressOf('127.0.0.5')])(addressOf('127.0.0.1'), port, 2_000)
  assert.ok('socket' in result)
  assert.equal(result.socket.remoteAddress, '127.0.0.1')
  assert.equal(result.socket.localAddress, '127.0.0.5')
  assert.equal(result.localAddress?.text, '127.0.0.5')
  result.socket.destroy()
})

test('IPv6 works the same way', async (t) => {
  const { port } = await listen(t, '::1')
  const result = await dialFrom([])(addressOf('::1'), port, 2_000)
  assert.ok('socket' in result)
  result.socket.destroy()
})

test('a port where nobody listens refuses', async (t) => {
  const { port } = await listen(t, '127.0.0.1')
  const result = await dialFrom([])(addressOf('127.0.0.2'), port, 2_000)
  assert.deepEqual(result, { fault: 'connection-refused', detail: 'ECONNREFUSED' })
})

test('an address that this machine does not have cannot be bound to', async (t) => {
  const { port } = await listen(t, '127.0.0.1')
  const result = await dialFrom([addressOf('192.0.2.77')])(addressOf('127.0.0.1'), port, 2_000)
  assert.deepEqual(result, { fault: 'vantage-failed', detail: 'EADDRNOTAVAIL' })
})

/** Uses up all file descriptors of its process, then dials and checks a vantage. */
const WITHOUT_DESCRIPTORS = `
import { openSync } from 'node:fs'
import { dialFrom } from '${SMTP}dial.ts'
import { parseAddress } from '${SMTP}../ip/address.ts'
import { direct } from '${SMTP}../vantage/direct.ts'
const dial = dialFrom([])
const address = parseAddress('127.0.0.1')
await dial(address, 1, 2000)
await direct([]).checks['source-address']()
const descriptors = []
try { for (;;) descriptors.push(openSync('/dev/null')) } catch {}
const dialled = await dial(address, 25, 2000)
const checked = await direct([]).checks['source-address']()
process.stdout.write(JSON.stringify([dialled, checked]))
`

test('without a file descriptor the vantage has failed, and its check finds it', {
  skip: !onPath('prlimit'),
}, async () => {
  const args = [
    '--nofile=100:100',
    process.execPath,
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    WITHOUT_DESCRIPTORS,
  ]
  const { stdout, stderr } = await runProgram('prlimit', args)
  assert.deepEqual(JSON.parse(stdout || stderr), [
    { fault: 'vantage-failed', detail: 'EMFILE' },
    { outcome: 'failed', detail: 'This machine cannot open a connection (EMFILE).' },
  ])
})

test('only refused, reset, timed out and unreachable speak of the target', () => {
  const about = new Map(
    Object.entries({
      ECONNREFUSED: 'connection-refused',
      ECONNRESET: 'dropped',
      ETIMEDOUT: 'connect-timeout',
      EHOSTUNREACH: 'unreachable',
      ENETUNREACH: 'unreachable',
    }),
  )
  const ours = [
    'EMFILE',
    'ENFILE',
    'EADDRNOTAVAIL',
    'EADDRINUSE',
    'ENOBUFS',
    'ENOMEM',
    'EPERM',
    'EAFNOSUPPORT',
    'EINVAL',
  ]
  for (const code of [...about.keys(), ...ours, 'ENETDOWN', 'ESOMETHING', 'toString', '']) {
    const error = Object.assign(new Error(code), { code, errno: -1 })
    assert.equal(faultOf(error), about.get(code) ?? 'vantage-failed', code)
    assert.equal(isOwnError(error), about.get(code) === undefined, code)
  }
  // OpenSSL's own errors have no errno.
  assert.equal(isOwnError(Object.assign(new Error('x'), { code: 'ERR_SSL_WRONG_VERSION_NUMBER' })), false)
})

/** A process that listens and never accepts: when its queue is full, a connection comes about no more. */
const DEAF = `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

test('a server whose queue is full is a timeout', async (t) => {
  const child = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = await once(child.stdout, 'data')
  const attempt = () => dialFrom([])(addressOf('127.0.0.1'), Number(port), 300)
  for (let connections = 0; connections < 20; connections += 1) {
    const result = await attempt()
    if ('fault' in result) return assert.deepEqual(result, { fault: 'connect-timeout', detail: null })
    t.after(() => result.socket.destroy())
  }
  assert.fail('twenty connections came about')
})
