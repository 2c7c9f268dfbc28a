/** The built service with few file descriptors: idle strangers take none from the tests. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { resultOf } from './harness/http.ts'
import { closed } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { killed } from './harness/process.ts'
import { configFolder, environmentFor, KEYS, programAt } from './harness/service.ts'
import { until } from './harness/waiting.ts'
import { onPath } from './lab/unavailable.ts'

async function serviceWith(t: TestContext, files: number, env: Readonly<Record<string, string>>) {
  const args = [`--nofile=${files}:${files}`, process.execPath, programAt('dist/server.js')]
  const child = spawn('prlimit', args, {
    env: { ...environmentFor(configFolder(t)), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => killed(child))
  const lines: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  const ready = await until('the start', () => lines.find(({ msg }) => msg === 'ready'))
  return { url: `${ready.url}`, lines }
}

const skip = !onPath('prlimit')

test('300 idle connections on 200 descriptors: tests go on as before', { skip }, async (t) => {
  const server = await scriptedServer(t, { say: closed })
  const { url, lines } = await serviceWith(t, 200, { ALLOWED_PORTS: `${server.port}`, MAX_CONCURRENT_TESTS: '10' })
  assert.equal(
    lines.some(({ msg }) => `${msg}`.includes('open files')),
    false,
  )
  const { hostname, port } = new URL(url)
  const idle: Socket[] = []
  // From many sources, so that only the bound of all connections holds.
  for (let number = 0; number < 300; number += 1) {
    const socket = connect({ host: hostname, port: Number(port), localAddress: `127.0.3.${1 + (number % 200)}` })
    socket.on('error', () => {})
    t.after(() => socket.destroy())
    idle.push(socket)
  }
  await until('the idle connections', () => idle.filter((socket) => socket.closed).length >= 240)
  for (let number = 0; number < 3; number += 1) {
    const response = await fetch(`${url}/relay-tests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.partner}` },
      body: JSON.stringify({ ip: '127.0.0.1', port: server.port }),
    })
    const { verdict, reason } = await resultOf(response)
    assert.deepEqual([verdict, reason], ['closed', null])
  }
})

test('too few descriptors for the tests are a warning at the start', { skip }, async (t) => {
  const { lines } = await serviceWith(t, 200, {})
  const warning = lines.find(({ msg }) => `${msg}`.startsWith('the limit of open files is too low'))
  assert.deepEqual([warning?.limit, warning?.needed, warning?.httpConnections], [200, 1_150, 50])
})
