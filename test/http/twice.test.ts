/** Requests that two programs could read in different ways. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemIn, rawRequest, resultOf } from '../harness/http.ts'
import { closed } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { KEYS, startService } from '../harness/service.ts'

const HEAD = 'GET /limits HTTP/1.1\r\nConnection: close\r\n'
const HOST = 'Host: a\r\n'
const KEY = `Authorization: Bearer ${KEYS.partner}\r\n`

test('headers that two programs might read differently', async (t) => {
  const mail = await scriptedServer(t, { say: closed })
  const service = await startService(t, { env: { ALLOWED_PORTS: `${mail.port}` } })
  const ask = (headers: string, head = HEAD) => rawRequest(service.url, `${head}${headers}\r\n`)

  await t.test('are refused if they come twice', async () => {
    for (const headers of [`${HOST}${HOST}${KEY}`, `${HOST}${KEY}${KEY}`, `${KEY}`]) {
      await problemIn(await ask(headers), 'invalid-request')
    }
    assert.equal((await ask(`${HOST}${KEY}`)).status, 200)
  })

  await t.test('a request of HTTP/1.0 needs no Host', async () => {
    assert.equal((await ask('', 'GET /livez HTTP/1.0\r\n')).status, 200)
  })

  await t.test('a body with a content coding is refused', async () => {
    const body = { ip: '127.0.0.1', port: mail.port }
    await problemIn(await service.post(body, { 'content-encoding': 'gzip' }), 'unsupported-media-type')
    await resultOf(await service.post(body, { 'content-encoding': 'identity' }))
  })

  await t.test('Accept may name the charset UTF-8', async () => {
    const body = { ip: '127.0.0.1', port: mail.port }
    const accept = 'application/json; charset=utf-8'
    assert.equal((await service.fetch('/limits', { headers: { accept } })).status, 200)
    const { id } = await resultOf(await service.post(body, { accept }))
    const text = await service.fetch(`/relay-tests/${id}`, { headers: { accept: 'text/plain;charset=UTF-8' } })
    assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
    const latin = { accept: 'text/plain; charset=iso-8859-1' }
    await problemIn(await service.fetch(`/relay-tests/${id}`, { headers: latin }), 'not-acceptable')
  })

  await t.test('a deeply nested body, or one with a thousand repeated names, gets one short error', async () => {
    const many = `{${Array.from({ length: 800 }, () => '"":0').join(',')}}`
    const send = (text: string) =>
      service.fetch('/relay-tests', { method: 'POST', headers: { 'content-type': 'application/json' }, body: text })
    const repeated = await problemIn(await send(many), 'invalid-request')
    assert.deepEqual(repeated.errors?.length, 1)
    const deep = await problemIn(await send(`${'['.repeat(1_900)}${many.slice(0, 3_000)}`), 'invalid-request')
    assert.ok(JSON.stringify(deep).length < 1_000)
    const both = await send(`${'['.repeat(1_900)}{"":0,"":0}${']'.repeat(1_900)}`)
    assert.ok(JSON.stringify(await problemIn(both, 'invalid-request')).length < 1_000)
  })

  await t.test('preferences are read by the rules of RFC 7240', async () => {
    let last = 0
    const prefer = async (value: string) => {
      last += 1
      const answer = await service.post({ ip: `127.0.0.${last}`, port: mail.port }, { prefer: value })
      await answer.text()
      return answer.status
    }
    for (const value of ['respond-async', 'wait=10, respond-async', 'respond-async=""', 'Respond-Async; x=y']) {
      assert.equal(await prefer(value), 202, value)
    }
    for (const value of ['foo="a, respond-async, b"', 'respond-asynchronously', 'respond-async=no', 'return=minimal']) {
      assert.notEqual(await prefer(value), 202, value)
    }
  })
})
