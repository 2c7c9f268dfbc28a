/** Answers that come before the body has arrived: a client that first sends everything still gets them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { KEYS, startService } from '../harness/service.ts'
import { inTime } from '../harness/waiting.ts'

/** Far more than the kernel keeps for a receiver that does not read. */
const BODY = 'x'.repeat(32 * 1024 * 1024)
const LENGTH = `Content-Length: ${BODY.length}\r\n`
const CLOSE = 'Connection: close\r\n'
const keyed = (key: string): string => `Authorization: Bearer ${key}\r\n`
const UNKNOWN = `rtk_${'z'.repeat(43)}`

const ROWS: readonly (readonly [title: string, status: number, headers: string])[] = [
  ['a body that is too long', 413, `${keyed(KEYS.desk)}${LENGTH}`],
  ['the same, and the client wants to close', 413, `${keyed(KEYS.desk)}${LENGTH}${CLOSE}`],
  ['a body in chunks that is too long', 413, `${keyed(KEYS.desk)}Transfer-Encoding: chunked\r\n`],
  ['an unknown key, and the client wants to close', 401, `${keyed(UNKNOWN)}${LENGTH}${CLOSE}`],
  ['two hosts', 400, `${keyed(KEYS.desk)}Host: b\r\n${LENGTH}`],
]

const head = (headers: string): string =>
  `POST /relay-tests HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n`

test('a client that sends its whole body before it reads gets the answer', async (t) => {
  const service = await startService(t)
  const { hostname, port } = new URL(service.url)
  for (const [title, status, headers] of ROWS) {
    await t.test(`${title}: ${status}`, async () => {
      const socket = connect(Number(port), hostname)
      const body = headers.includes('chunked') ? `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n` : BODY
      socket.write(head(headers))
      await new Promise<void>((resolve, reject) => {
        socket.write(body, (error) => (error ? reject(error) : resolve()))
      })
      assert.match(await inTime('the answer', text(socket)), new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n{.*}$`))
    })
  }
})

test('a client that never sends its body gets the answer at once, and then the end', async (t) => {
  const service = await startService(t)
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  socket.write(head(`${keyed(KEYS.desk)}${LENGTH}`))
  const [answer] = await inTime('the answer', once(socket, 'data'))
  assert.match(`${answer}`, /^HTTP\/1.1 413 /)
  socket.resume()
  await inTime('the end', once(socket, 'end'))
})
