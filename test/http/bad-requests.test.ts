/** Wrong headers, paths, methods and keys are answered with the right problem. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { bearer, callersYaml, keyOf, problemIn, rawRequest } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService } from '../harness/service.ts'

const EXPIRED = keyOf('e')
const CALLERS = callersYaml([
  { id: 'partner', key: KEYS.partner, customers: '[acme]' },
  { id: 'former', key: EXPIRED, customers: '[acme]', expires: '2020-01-01' },
])

const AUTHORIZED = `Host: relay-tests\r\nAuthorization: Bearer ${KEYS.partner}\r\n`
const POST = `POST /relay-tests HTTP/1.1\r\n${AUTHORIZED}Content-Type: application/json\r\n`

/** Bytes that no HTTP client sends. Each is answered, and the connection is closed. */
const MALFORMED: Readonly<Record<string, string>> = {
  'a line that is no request': 'hello there\r\n\r\n',
  'an SMTP client': 'EHLO mail.example.com\r\n',
  'a TLS client': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'an HTTP/2 client': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'a version that does not exist': `GET /limits HTTP/9.9\r\n${AUTHORIZED}\r\n`,
  'a method that does not exist': `FETCH /limits HTTP/1.1\r\n${AUTHORIZED}\r\n`,
  'a space before a colon': `GET /limits HTTP/1.1\r\n${AUTHORIZED}Accept : text/plain\r\n\r\n`,
  'a NUL in a header': `GET /limits HTTP/1.1\r\n${AUTHORIZED}X: a\0b\r\n\r\n`,
  'a bare CR in a header': `GET /limits HTTP/1.1\r\n${AUTHORIZED}X: a\rb: c\r\n\r\n`,
  'two lengths': `${POST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
  'a length and chunks': `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'a negative length': `${POST}Content-Length: -1\r\n\r\n`,
  'a length that is no number': `${POST}Content-Length: many\r\n\r\n`,
  'a chunk without a size': `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  'an unknown transfer coding': `${POST}Transfer-Encoding: gzip\r\n\r\n`,
}

test('bad requests are refused as problems, and nothing is dialled', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` }, callers: CALLERS })
  const good = { ip: '127.0.0.1', port: mail.port }
  const get = (path: string, headers: Record<string, string> = {}) => service.fetch(path, { headers })

  await t.test('a media type that is not offered is 406 on each route', async () => {
    for (const accept of ['application/xml', 'image/*', 'application/json;q=0', '*/*;q=0']) {
      await problemIn(await service.post(good, { accept }), 'not-acceptable')
      await problemIn(await get('/relay-tests/x', { accept }), 'not-acceptable')
      await problemIn(await get('/limits', { accept }), 'not-acceptable')
    }
    await problemIn(await get('/limits', { accept: 'text/plain' }), 'not-acceptable')
  })

  await t.test('a body of another media type is 415', async () => {
    const types = [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'application/jsonx',
      'json',
      '',
    ]
    for (const type of types) {
      await problemIn(await service.post(good, { 'content-type': type }), 'unsupported-media-type')
    }
    const untyped = { method: 'POST', body: new TextEncoder().encode(JSON.stringify(good)) }
    await problemIn(await service.fetch('/relay-tests', untyped), 'unsupported-media-type')
  })

  await t.test('an idempotency key that is not valid is 400', async () => {
    for (const key of ['', ' ', 'k'.repeat(256), 'a\tb', 'ä']) {
      const { detail } = await problemIn(await service.post(good, { 'idempotency-key': key }), 'invalid-request')
      assert.equal(detail, 'Send Idempotency-Key once, with 1 to 255 printable ASCII characters.')
    }
    const twice = rawRequest(
      service.url,
      `POST /relay-tests HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\nConnection: close\r\nContent-Length: 0\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n`,
    )
    assert.match((await problemIn(await twice, 'invalid-request')).detail, /^Send Idempotency-Key once/)
  })

  await t.test('a list takes only filters that can be read; anything else is 400', async () => {
    for (const query of ['?ip=', '?ip=127.1', '?limit=0', '?cursor=', '?reference=a&reference=b', '?port=25']) {
      await problemIn(await service.fetch(`/relay-tests${query}`), 'invalid-request')
    }
  })

  await t.test('a path that does not exist is 404, with a key and without', async () => {
    for (const path of [
      '/console',
      '/relay-test',
      '/relay-tests/a/b',
      '/Limits',
      '/metrics',
      '//limits',
      '/documentation',
    ]) {
      for (const headers of [{}, { authorization: 'none' }]) await problemIn(await get(path, headers), 'not-found')
    }
    await problemIn(await service.fetch('/nowhere', { method: 'POST', body: '<a/>' }), 'not-found')
  })

  await t.test('a slash at the end of a path is ignored', async () => {
    assert.equal((await get('/limits/')).status, 200)
    for (const path of ['/livez/', '/readyz/', '/openapi.json/']) {
      assert.equal((await get(path, { authorization: 'none' })).status, 200)
    }
    await problemIn(await get('/limits/', { authorization: 'none' }), 'unauthenticated')
    await problemIn(await service.fetch('/relay-tests/', { method: 'POST', body: '<a/>' }), 'unsupported-media-type')
    await problemIn(await get('/relay-tests/x/'), 'not-found')
  })

  await t.test('another method is 405 with the allowed methods, with a key and without', async () => {
    const routes = {
      '/relay-tests': ['GET', 'HEAD', 'POST'],
      '/relay-tests/': ['GET', 'HEAD', 'POST'],
      '/relay-tests/x': ['DELETE', 'GET', 'HEAD'],
      '/limits': ['GET', 'HEAD'],
      '/livez': ['GET', 'HEAD'],
      '/readyz': ['GET', 'HEAD'],
    }
    for (const [path, allowed] of Object.entries(routes)) {
      const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((method) => !allowed.includes(method))
      for (const method of others) {
        for (const authorization of [`Bearer ${KEYS.partner}`, 'none']) {
          const response = await service.fetch(path, { method, headers: { authorization } })
          assert.deepEqual(response.headers.get('allow')?.split(', ').sort(), allowed, `${method} ${path}`)
          await problemIn(response, 'method-not-allowed')
        }
      }
    }
  })

  await t.test('another method on /openapi.json is 405', async () => {
    await problemIn(await service.fetch('/openapi.json', { method: 'POST' }), 'method-not-allowed')
  })

  await t.test('a request without a valid key is 401, whatever is wrong with the key', async () => {
    const presented = [
      'none',
      'Bearer',
      'Basic cnRrXw==',
      `Basic ${KEYS.partner}`,
      KEYS.partner,
      `Bearer ${KEYS.partner.slice(0, -1)}`,
      `Bearer ${keyOf('x')}`,
      `Bearer ${EXPIRED}`,
    ]
    const bodies = []
    for (const authorization of presented) {
      const response = await get('/limits', { authorization })
      assert.equal(response.headers.get('www-authenticate'), 'Bearer')
      bodies.push({ ...(await problemIn(response, 'unauthenticated')), instance: '' })
    }
    for (const body of bodies) assert.deepEqual(body, bodies[0])
    const absent = await rawRequest(service.url, 'GET /limits HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await problemIn(absent, 'unauthenticated')
    assert.equal((await get('/limits', { authorization: `bearer ${KEYS.partner}` })).status, 200)
  })

  await t.test('huge headers are 431', async () => {
    await problemIn(await get('/limits', { 'x-padding': 'a'.repeat(9000) }), 'headers-too-large')
    await problemIn(await get(`/relay-tests/${'a'.repeat(9000)}`), 'headers-too-large')
    await problemIn(await get('/limits', bearer('a'.repeat(20_000))), 'headers-too-large')
  })

  for (const [title, text] of Object.entries(MALFORMED)) {
    await t.test(`${title} is 400`, async () => {
      await problemIn(await rawRequest(service.url, text), 'invalid-request')
    })
  }

  const byNode: readonly (readonly [title: string, text: string, slug: ProblemSlug])[] = [
    ['a request without Host', 'GET /limits HTTP/1.1\r\n\r\n', 'invalid-request'],
    [
      'an unknown Expect',
      `${POST}Expect: wonders\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      'expectation-failed',
    ],
  ]
  for (const [title, text, slug] of byNode) {
    await t.test(`${title} is a problem`, async () => {
      await problemIn(await rawRequest(service.url, text), slug)
    })
  }

  await t.test('after all this the service still works, has had no fault and has dialled nothing', async () => {
    assert.equal((await get('/limits')).status, 200)
    assert.equal(mail.connections, 0)
    assert.deepEqual(
      service.logs().filter(({ level, msg }) => level === 60 || msg === 'the request failed'),
      [],
    )
  })
})
