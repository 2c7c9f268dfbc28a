/** Sends bytes that are not valid HTTP: each gets a 4xx, or its connection is closed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawConnection } from '../harness/http.ts'
import { ajv } from '../harness/openapi.ts'
import { KEYS, startService } from '../harness/service.ts'
import { inTime } from '../harness/waiting.ts'

const AUTH = `Authorization: Bearer ${KEYS.partner}\r\n`
const HEADERS = `Host: relay-tests\r\n${AUTH}Connection: close\r\n`
const POST = `POST /relay-tests HTTP/1.1\r\n${HEADERS}Content-Type: application/json\r\n`
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n`
const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HEADERS}\r\n`
const withHeader = (field: string): string => `GET /limits HTTP/1.1\r\n${HEADERS}${field}\r\n\r\n`
const withLength = (field: string): string => `${POST}${field}\r\n\r\n{"a":1}`
const OPEN = 'GET /livez HTTP/1.1\r\nHost: relay-tests\r\n\r\n'

/** The client's last step after the bytes. By default, the connection stays open. */
type Then = 'end' | 'reset'

/** Bytes that no HTTP client sends, and the statuses of the answers. No status means that the service just closes. */
type Row = readonly [title: string, bytes: string, statuses: readonly number[], then?: Then]

const REQUEST_LINE: readonly Row[] = [
  ['a method alone', 'GET\r\n\r\n', [400]],
  ['no target', 'GET HTTP/1.1\r\n\r\n', [400]],
  ['HTTP/0.9', 'GET /livez\r\n\r\n', [400]],
  ['a version in small letters', `GET /livez http/1.1\r\n${HEADERS}\r\n`, [400]],
  ['HTTP/1.10', `GET /livez HTTP/1.10\r\n${HEADERS}\r\n`, [400]],
  ['HTTP/1.0 without Host', 'GET /livez HTTP/1.0\r\n\r\n', [200]],
  ['a method in small letters', `get /livez HTTP/1.1\r\n${HEADERS}\r\n`, [400]],
  ['a method of ten thousand letters', `${'A'.repeat(10_000)} /livez HTTP/1.1\r\n\r\n`, [400]],
  ['a space before the method', ` ${get('/livez')}`, [400]],
  ['tabs for spaces', `GET\t/livez\tHTTP/1.1\r\n${HEADERS}\r\n`, [400]],
  ['a space in the target', get('/livez /x'), [400]],
  ['a NUL in the target', get('/li\0vez'), [400]],
  ['bytes above ASCII in the target', get('/\xff\xfe'), [400]],
  ['a broken escape in the target', get('/relay-tests/%zz'), [404]],
  ['an escaped NUL in the target', get('/relay-tests/%00'), [404]],
  ['overlong UTF-8 in the target', get('/relay-tests/%c0%af'), [404]],
  ['dots in the target', get('/../../etc/passwd'), [404]],
  ['a target of another scheme', get('file:///etc/passwd'), [404]],
  ['OPTIONS *', `OPTIONS * HTTP/1.1\r\n${HEADERS}\r\n`, [405]],
  ['CONNECT to a mail server', `CONNECT 127.0.0.1:25 HTTP/1.1\r\n${HEADERS}\r\n`, []],
  ['a target of nine thousand bytes', get(`/${'a'.repeat(9_000)}`), [431]],
]

const FIELDS: readonly Row[] = [
  ['a field without a colon', withHeader('hello'), [400]],
  ['a field without a name', withHeader(': x'), [400]],
  ['a space in a name', withHeader('X y: z'), [400]],
  ['a space before a colon', withHeader('X : z'), [400]],
  ['a folded line', withHeader('X: a\r\n b'), [400]],
  ['a folded line at the beginning', `GET /limits HTTP/1.1\r\n X: y\r\n${HEADERS}\r\n`, [400]],
  ['bare LF', get('/limits').replaceAll('\r\n', '\n'), [400]],
  ['bare CR', get('/limits').replaceAll('\r\n', '\r'), [400]],
  ['a NUL in a value', withHeader('X: a\0b'), [400]],
  ['a control character in a value', withHeader('X: a\x01b'), [400]],
  ['a field of nine thousand bytes', withHeader(`X: ${'x'.repeat(9_000)}`), [431]],
  ['three thousand fields', withHeader(Array.from({ length: 3_000 }, (_, i) => `X${i}: y`).join('\r\n')), [431]],
  ['two hosts', `GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n${HEADERS}\r\n`, [400]],
]

const BODIES: readonly Row[] = [
  ['two lengths', withLength('Content-Length: 7\r\nContent-Length: 8'), [400]],
  ['one length twice', withLength('Content-Length: 7\r\nContent-Length: 7'), [400]],
  ['a list of lengths', withLength('Content-Length: 7, 7'), [400]],
  ['a length with a sign', withLength('Content-Length: +7'), [400]],
  ['a length in hexadecimal', withLength('Content-Length: 0x7'), [400]],
  ['a length in two parts', withLength('Content-Length: 7 7'), [400]],
  ['a length beyond numbers', withLength('Content-Length: 99999999999999999999'), [400]],
  ['an empty length', withLength('Content-Length: '), [400]],
  ['a length and chunks', `${CHUNKED}Content-Length: 7\r\n\r\n0\r\n\r\n`, [400]],
  ['chunks and another coding', `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, [400]],
  ['a coding that only looks like chunks', `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, [400]],
  ['chunks behind a vertical tab', `${POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, [400]],
  ['chunks named twice', `${CHUNKED}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, [400]],
  ['chunks in HTTP/1.0', CHUNKED.replace('HTTP/1.1', 'HTTP/1.0').concat('\r\n0\r\n\r\n'), [400]],
  ['a negative chunk', `${CHUNKED}\r\n-1\r\n`, [400]],
  ['a chunk size with 0x', `${CHUNKED}\r\n0x7\r\n{"a":1}\r\n0\r\n\r\n`, [400]],
  ['a chunk beyond numbers', `${CHUNKED}\r\nfffffffffffffffff\r\n`, [400]],
  ['a chunk longer than its size', `${CHUNKED}\r\n3\r\n{"a":1}\r\n0\r\n\r\n`, [400]],
  ['a chunk size that never ends', `${CHUNKED}\r\n${'0'.repeat(100_000)}`, [408]],
  ['chunk extensions without end', `${CHUNKED}\r\n7;${'x'.repeat(100_000)}`, [400]],
  ['a chunk of ten thousand bytes', `${CHUNKED}\r\n2710\r\n${'x'.repeat(10_000)}\r\n0\r\n\r\n`, [413]],
  ['a length of ten thousand', `${POST}Content-Length: 10000\r\n\r\n`, [413]],
  ['an unknown expectation', `${POST}Expect: wonders\r\nContent-Length: 7\r\n\r\n{"a":1}`, [417]],
]

const NO_HTTP: readonly Row[] = [
  ['a TLS client', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
  ['an SSL 2 client', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10', [400]],
  ['an HTTP/2 client', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]],
  ['an SMTP client', 'EHLO mail.example.com\r\n', [400]],
  ['an SSH client', 'SSH-2.0-OpenSSH_9.2\r\n', [400]],
  ['a PROXY header', `PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${OPEN}`, [400]],
  ['a binary PROXY header', `\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c${OPEN}`, [400]],
  ['noise', Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 73) % 256)).toString('latin1'), [400]],
]

const ORDER: readonly Row[] = [
  ['a good request, then garbage', `${OPEN}garbage\r\n\r\n`, [200]],
  [
    'a body longer than its length',
    `${POST.replace('Connection: close\r\n', '')}Content-Length: 2\r\n\r\n{}x y z\r\n\r\n`,
    [400],
  ],
  ['two good requests at once, then the end', `${OPEN}${OPEN}`, [200, 200], 'end'],
  ['nothing, then the end', '', [], 'end'],
  ['half a request line, then the end', 'GET /li', [400], 'end'],
  ['half the headers, then the end', 'GET /livez HTTP/1.1\r\nHost: a\r\n', [400], 'end'],
  ['half a body, then the end', `${POST}Content-Length: 20\r\n\r\n{"ip":`, [400], 'end'],
  ['half a chunk, then the end', `${CHUNKED}\r\n20\r\n{"ip":`, [400], 'end'],
  ['half a body, then a reset', `${POST}Content-Length: 20\r\n\r\n{"ip":`, [], 'reset'],
]

/** Unusual requests that RFC 9112 requires a server to accept, or that Node's parser accepts. */
const TOLERATED: readonly Row[] = [
  ['an absolute target', get('http://elsewhere.example/livez'), [200]],
  ['empty lines before the request', `\r\n\r\n${get('/livez')}`, [200]],
  ['two spaces', `GET  /livez HTTP/1.1\r\n${HEADERS}\r\n`, [200]],
  ['HTTP/2.0', `GET /livez HTTP/2.0\r\n${HEADERS}\r\n`, [200]],
  ['an upgrade to something else', `GET /livez HTTP/1.1\r\n${HEADERS}Upgrade: h2c\r\n\r\n`, [200]],
]

const ROWS: readonly Row[] = [...TOLERATED, ...REQUEST_LINE, ...FIELDS, ...BODIES, ...NO_HTTP, ...ORDER]

interface Answer {
  readonly status: number
  readonly headers: string
  readonly body: string
}

/** Returns the answers on a connection, one after the other. Each must have a Content-Length. */
function answersIn(text: string): Answer[] {
  const answers: Answer[] = []
  for (let rest = text; rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n')
    const headers = rest.slice(0, end)
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(headers) ?? []
    const [, length] = /^content-length: (\d+)$/im.exec(headers) ?? []
    assert.ok(end !== -1 && status !== undefined && length !== undefined, `not an HTTP answer: ${JSON.stringify(rest)}`)
    const body = rest.slice(end + 4, end + 4 + Number(length))
    assert.equal(body.length, Number(length))
    answers.push({ status: Number(status), headers, body })
    rest = rest.slice(end + 4 + Number(length))
  }
  return answers
}

const isProblem = ajv.compile({ $ref: 'openapi#/components/schemas/Problem' })

test('invalid bytes get a problem or the end of the connection, and do no harm', {
  concurrency: 10,
}, async (t) => {
  assert.ok(ROWS.length >= 40)
  const service = await startService(t)
  await Promise.all(
    ROWS.map(([title, bytes, statuses, then]) =>
      t.test(`${title}: ${statuses.join(', ') || 'closed'}`, async () => {
        const { socket, answer } = rawConnection(service.url, bytes)
        if (then === 'end') socket.end()
        if (then === 'reset') socket.once('connect', () => socket.resetAndDestroy())
        const answers = answersIn(await inTime('the end of the connection', answer))
        assert.deepEqual(
          answers.map(({ status }) => status),
          statuses,
          answers.map(({ body }) => body).join(),
        )
        for (const { status, headers, body } of answers) {
          if (status < 400) continue
          assert.match(headers, /^content-type: application\/problem\+json/im)
          assert.match(headers, /^request-id: \S/im)
          assert.ok(isProblem(JSON.parse(body)), body)
        }
        const good = await service.fetch('/limits')
        assert.equal(good.status, 200, 'a good request is still answered')
        await good.text()
      }),
    ),
  )
  await t.test('none of this was a fault of the service', () => {
    assert.deepEqual(
      service.logs().filter(({ level }) => Number(level) >= 50),
      [],
    )
  })
})
