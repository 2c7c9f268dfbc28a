/** The built service with a real pipe as its standard output, whose reader stalls. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Fifo, fifoOf } from './harness/fifo.ts'
import { problemIn } from './harness/http.ts'
import { closed } from './harness/mail-scripts.ts'
import { scriptedServer } from './harness/mail-server.ts'
import { killed } from './harness/process.ts'
import { configFolder, environmentFor, KEYS, programAt } from './harness/service.ts'
import { inTime, until } from './harness/waiting.ts'

/** Starts the service with a pipe as its standard output. */
async function serviceOn(t: TestContext, fifo: Fifo, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [programAt('dist/server.js')], {
    env: { ...environmentFor(configFolder(t)), ...env },
    stdio: ['ignore', fifo.writer, 'inherit'],
  })
  t.after(() => killed(child))
  let text = ''
  const logs = () => {
    text += fifo.read()
    return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []))
  }
  const { url, metricsUrl } = await until('the start', () => logs().find(({ msg }) => msg === 'ready'))
  const post = (port: number) =>
    fetch(`${url}/relay-tests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEYS.partner}` },
      body: JSON.stringify({ ip: '127.0.0.1', port }),
    })
  return { child, url, metricsUrl, logs, post }
}

const memoryOf = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])

test('a reader of the log that stalls stops tests, but not the service, its memory or its end', async (t) => {
  const fifo = fifoOf(t)
  const server = await scriptedServer(t, { say: closed })
  const { child, url, logs, post } = await serviceOn(t, fifo, { ALLOWED_PORTS: `${server.port}` })
  fifo.fill()
  const before = memoryOf(child.pid)
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await fetch(`${url}/no-such-path`)
        assert.equal(response.status, 404)
        await response.text()
      }),
    )
  }
  const grownBy = memoryOf(child.pid) - before
  assert.ok(grownBy < 100_000, `${grownBy} KiB`)
  assert.equal((await fetch(`${url}/livez`)).status, 200)

  // No audit line, no dial.
  await problemIn(await post(server.port), 'audit-unavailable')
  assert.equal(server.sessions.length, 0)

  const missed = logs().length
  await until('the lines that waited', () => logs().length > missed)
  assert.equal((await post(server.port)).status, 201)
  assert.equal(server.sessions.length > 0, true)

  fifo.fill()
  child.kill('SIGTERM')
  const [code] = await inTime('the exit', once(child, 'exit'))
  assert.equal(code, 0)
})

test('refusals without a key are ten lines a second of each kind, and one that counts the others', async (t) => {
  const fifo = fifoOf(t)
  const { url, metricsUrl, logs } = await serviceOn(t, fifo)
  const startedAt = performance.now()
  const asked = 500
  const ask = async (path: string) => (await fetch(`${url}${path}`)).text()
  for (let round = 0; round < asked / 50; round += 1) {
    await Promise.all(Array.from({ length: 25 }, () => Promise.all([ask('/no-such-path'), ask('/limits')])))
  }
  const seconds = Math.ceil((performance.now() - startedAt) / 1000) + 1
  const told = (slugs: readonly string[]) => {
    const lines = logs().filter(({ problem }) => slugs.includes(problem))
    const written = lines.filter(({ msg }) => msg === 'refused').length
    const more = lines.reduce((sum, line) => sum + (line.more ?? 0), 0)
    return { written, more, all: written + more }
  }
  // After ten requests without a key in a minute, the rest is over a quota.
  for (const slugs of [['not-found'], ['unauthenticated', 'quota-exceeded']]) {
    await until(`all of ${slugs}`, () => told(slugs).all === asked / 2)
    assert.ok(told(slugs).written <= 10 * slugs.length * seconds, `${told(slugs).written} lines in ${seconds} s`)
    assert.ok(told(slugs).more > 0)
  }
  const metrics = await (await fetch(metricsUrl)).text()
  assert.match(metrics, new RegExp(`^relay_tests_refused_total\\{problem="not-found"\\} ${asked / 2}$`, 'm'))
  assert.match(metrics, /^relay_tests_log_lines_dropped_total 0$/m)
})
