/** Clients that send or read very slowly are disconnected, and do not hold up others. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KEYS, startService, type TestService } from '../harness/service.ts'
import { socketsOf } from '../harness/sockets.ts'
import { inTime, PATIENCE_MS, until } from '../harness/waiting.ts'
import { fetchPackages, packages, projectRoot, storeOf } from '../lab/packages.ts'
import { labUnavailable } from '../lab/unavailable.ts'

/** A request has ten seconds to arrive; the service looks every two; a slow machine may take three more. */
const CLOSED_WITHIN_MS = 10_000 + 2_000 + 3_000

const HEADERS = `Host: relay-tests\r\nAuthorization: Bearer ${KEYS.partner}\r\n`
const POST = `POST /relay-tests HTTP/1.1\r\n${HEADERS}Content-Type: application/json\r\n`

/** The bytes that a slow client sends first, and those that it repeats every half second. */
const SLOW: Readonly<Record<string, readonly [first: string, again: string]>> = {
  'says nothing': ['', ''],
  'says half a request line': ['GET /li', ''],
  'adds a letter to its target': ['GET /', 'a'],
  'adds a header': [`GET /livez HTTP/1.1\r\n${HEADERS}`, 'X: y\r\n'],
  'adds a letter to a header': [`GET /livez HTTP/1.1\r\n${HEADERS}X: `, 'y'],
  'announces a body and sends none': [`${POST}Content-Length: 100\r\n\r\n`, ''],
  'adds a byte to its body': [`${POST}Content-Length: 1000\r\n\r\n{"reference":"`, 'x'],
  'adds a chunk of one byte': [`${POST}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
  'adds a digit to the size of a chunk': [`${POST}Transfer-Encoding: chunked\r\n\r\n`, '0'],
  'begins a second request': [`GET /livez HTTP/1.1\r\n${HEADERS}\r\nGET /livez HTTP/1.1\r\n`, 'X: y\r\n'],
}

/** Connects as a slow client. Resolves with the service's answer when the service has closed the connection. */
function slowClient(t: TestContext, { url }: TestService, [first, again]: readonly [string, string]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  let said = ''
  socket.setEncoding('latin1').on('data', (text) => {
    said += text
  })
  socket.write(first)
  const timer = setInterval(() => socket.write(again), 500)
  return new Promise((resolve) =>
    socket.once('close', () => {
      clearInterval(timer)
      resolve(said)
    }),
  )
}

/**
 * Asks a service of its own for more than the kernel buffers, and reads nothing. `isOpen` asks the service, because the
 * client hears of the end only when it has read all that the kernel holds.
 */
async function greedyClient(t: TestContext) {
  const service = await startService(t)
  const before = socketsOf(service)
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname).pause()
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  socket.write(`GET /openapi.json HTTP/1.1\r\n${HEADERS}\r\n`.repeat(1_000))
  const isOpen = () => socketsOf(service) > before
  await until('the connection', isOpen)
  return { socket, isOpen }
}

/** Modes of slowhttptest: slow headers, slow body, many ranges, slow reading. */
const MODES = [
  ['-H', '-t', 'GET'],
  ['-B', '-t', 'POST'],
  ['-R', '-t', 'GET'],
  ['-X', '-t', 'GET', '-k', '10', '-w', '10', '-y', '20', '-z', '16', '-n', '2'],
] as const
const CONNECTIONS = 100
const ATTACK_SECONDS = 6
/** How long slowhttptest waits for an answer before it reports the service as unavailable. */
const PROBE_SECONDS = 20

// The tests mostly wait, so they run at the same time.
describe('slow HTTP', { concurrency: 2 }, () => {
  test('slow clients are disconnected', { concurrency: 20 }, async (t) => {
    const service = await startService(t)
    const rows = Object.entries(SLOW).map(([what, parts]) =>
      t.test(`a client that ${what}`, async (row) => {
        const said = await inTime('the end of the connection', slowClient(row, service, parts), CLOSED_WITHIN_MS)
        const last = said.lastIndexOf('HTTP/1.1 ')
        if (said !== '') assert.match(said.slice(last), /^HTTP\/1\.1 408 [\s\S]*problem:request-timeout/)
      }),
    )
    const deaf = t.test('a client that requests much and reads nothing', async (row) => {
      const { isOpen } = await greedyClient(row)
      await until('its end', () => !isOpen(), 10 * CLOSED_WITHIN_MS)
    })
    const steady = t.test('a client that reads a long answer slowly keeps its connection', async (row) => {
      const { socket, isOpen } = await greedyClient(row)
      // Reads for longer than the service waits for a client that reads nothing.
      for (const startedAt = performance.now(); performance.now() - startedAt < CLOSED_WITHIN_MS; ) {
        assert.ok(isOpen(), 'the service closed the connection')
        socket.read()
        await sleep(100)
      }
    })
    await Promise.all([...rows, deaf, steady])
    assert.equal((await service.fetch('/livez')).status, 200)
  })

  test('slowhttptest in all its modes at once does not hold up others', {
    skip: labUnavailable() ?? false,
  }, async (t) => {
    await fetchPackages(projectRoot, packages.slowhttptest)
    const store = storeOf(projectRoot)
    const service = await startService(t)
    const attackers = MODES.map((mode) => {
      const options = [
        '-c',
        CONNECTIONS,
        '-r',
        CONNECTIONS,
        '-i',
        1,
        '-l',
        ATTACK_SECONDS,
        '-p',
        PROBE_SECONDS,
        '-v',
        1,
      ].map(String)
      const child = spawn(
        join(store, 'slowhttptest/usr/bin/slowhttptest'),
        [...mode, ...options, '-u', `${service.url}/openapi.json`],
        {
          env: { ...process.env, LD_LIBRARY_PATH: join(store, 'libssl3/usr/lib/x86_64-linux-gnu') },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      t.after(() => child.kill('SIGKILL'))
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      return { ended: once(child, 'exit'), said: () => said }
    })
    let under = true
    const ended = Promise.all(attackers.map((attacker) => attacker.ended)).finally(() => {
      under = false
    })
    let slowest = 0
    let answers = 0
    while (under) {
      const startedAt = performance.now()
      const response = await inTime('an answer', service.fetch('/livez'))
      assert.equal(response.status, 200)
      await response.text()
      slowest = Math.max(slowest, performance.now() - startedAt)
      answers += 1
      await Promise.race([sleep(50), ended])
    }
    await inTime('the end of the attack', ended, ATTACK_SECONDS * 1_000 + PATIENCE_MS)
    t.diagnostic(`${answers} answers, the slowest in ${Math.round(slowest)} ms`)
    // slowhttptest itself checks from time to time whether the service answers.
    for (const { said } of attackers) {
      assert.match(said(), /service available:.*YES/)
      assert.match(said(), /(connected|closed):\D*[1-9]/, 'the attack reached the service')
      assert.doesNotMatch(said(), /service available:.*NO/)
    }
    await until('the attackers gone', () => socketsOf(service) < CONNECTIONS / 10)
  })
})
