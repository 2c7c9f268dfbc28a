/** Answers of the service match openapi.json. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { PROBLEMS } from '../../src/contract/problem-catalogue.ts'
import type { ProblemSlug } from '../../src/contract/problems.ts'
import { writeYaml } from '../harness/files.ts'
import { bearer, keyOf, rawConnection, rawRequest, responseFrom } from '../harness/http.ts'
import { closed, deadPort, gatedServer, open } from '../harness/mail-scripts.ts'
import { healthy, type Say, scriptedServer } from '../harness/mail-server.ts'
import { ajv, committed, conforms, paths, type Route } from '../harness/openapi.ts'
import { CUSTOMERS, configFolder, KEYS, startService } from '../harness/service.ts'
import { beforeAnswer, inTime, until } from '../harness/waiting.ts'

test('the served document is the committed one, and names every problem', async (t) => {
  const service = await startService(t)
  const served = await conforms('get /openapi.json', await service.fetch('/openapi.json'), 200)
  assert.deepEqual(served, committed)
  const descriptions = Object.values(paths)
    .flatMap((path) => Object.values(path))
    .flatMap(({ responses }) => Object.values(responses).map(({ description }) => description))
    .join('\n')
  for (const slug of Object.keys(PROBLEMS))
    assert.ok(descriptions.includes(`\`urn:relay-tests:problem:${slug}\``), slug)
})

test('the schemas reject an object with missing or wrong members', () => {
  const validate = ajv.compile({ $ref: 'openapi#/components/schemas/RelayTest' })
  assert.equal(validate({}), false)
  const problem = ajv.compile({ $ref: 'openapi#/components/schemas/Problem' })
  assert.equal(problem({ type: 'x', title: 'x', status: '400', detail: 'x', instance: 'x' }), false)
})

test('results match the document', async (t) => {
  const answers: Readonly<Record<string, Say>> = {
    closed,
    open,
    pipelining: healthy,
    greylisting: (line) => (/^RCPT/.test(line) ? '451 4.7.1 Greylisted, try again' : healthy(line)),
    vague: (line) => (/^RCPT TO:<(?!postmaster)/.test(line) ? '550 no' : healthy(line)),
    'dropping at MAIL': (line) => (/^MAIL/.test(line) ? '421 4.3.2 closing' : healthy(line)),
    'writing binary': (line) => (/^EHLO/.test(line) ? '250 \xff\x00\x1b[31m\\' : healthy(line)),
  }
  const servers = await Promise.all(
    Object.entries(answers).map(async ([name, say]) => ({ name, server: await scriptedServer(t, { say }) })),
  )
  const turned = await scriptedServer(t, { greeting: '554 5.7.1 go away', say: healthy })
  const garbage = await scriptedServer(t, { greeting: 'HTTP/1.1 400 Bad Request', say: healthy })
  const targets = [
    ...servers.map(({ name, server }) => [name, server.port] as const),
    ['turning away', turned.port] as const,
    ['no SMTP', garbage.port] as const,
    ['dead', await deadPort()] as const,
  ]
  const service = await startService(t, { env: { ALLOWED_PORTS: targets.map(([, port]) => port).join(',') } })
  const verdicts = new Set<string>()
  for (const [name, port] of targets) {
    await t.test(`of a server that is ${name}`, async () => {
      const created = await service.post({ ip: '127.0.0.1', port, reference: name })
      const location = created.headers.get('location') ?? ''
      const body = await conforms('post /relay-tests', created, 201)
      verdicts.add(z.object({ verdict: z.string() }).parse(body).verdict)
      assert.deepEqual(await conforms('get /relay-tests/{id}', await service.fetch(location), 200), body)
      const text = await service.fetch(location, { headers: { accept: 'text/plain' } })
      await conforms('get /relay-tests/{id}', text, 200)
    })
  }
  await t.test('of a customer without a domain', async () => {
    const response = await service.post({ ip: '127.0.1.1', port: targets[0]?.[1] })
    await conforms('post /relay-tests', response, 201)
  })
  await t.test('every verdict was among the results', () => {
    assert.deepEqual([...verdicts].sort(), ['closed', 'inconclusive', 'open'])
  })
  await t.test('limits and health match the document', async () => {
    await conforms('get /limits', await service.fetch('/limits'), 200)
    await conforms('get /limits', await service.fetch('/limits', { headers: bearer(KEYS.desk) }), 200)
    await conforms('get /livez', await service.fetch('/livez'), 200)
    await conforms('get /readyz', await service.fetch('/readyz'), 200)
  })
})

const POST = `POST /relay-tests HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\nContent-Type: application/json\r\n`

test('problems match the document', async (t) => {
  const { server, hold, release } = await gatedServer(t)
  const service = await startService(t, {
    env: { ALLOWED_PORTS: `${server.port}`, MAX_CONCURRENT_TESTS: '4', QUOTA_NETWORK: '2/1h' },
  })
  const here = { ip: '127.0.0.1', port: server.port }
  const post = async (slug: ProblemSlug, body: object, headers: Record<string, string> = {}) =>
    conforms('post /relay-tests', await service.post(body, headers), slug)
  const get = async (route: Route, slug: ProblemSlug, path: string, headers: Record<string, string> = {}) =>
    conforms(route, await service.fetch(path, { headers }), slug)

  await t.test('before and after the body', async () => {
    await post('unauthenticated', here, bearer(keyOf('x')))
    await get('get /limits', 'unauthenticated', '/limits', bearer(keyOf('x')))
    await get('get /relay-tests/{id}', 'unauthenticated', '/relay-tests/x', bearer(keyOf('x')))
    await post('not-acceptable', here, { accept: 'text/html' })
    await get('get /limits', 'not-acceptable', '/limits', { accept: 'text/html' })
    await get('get /relay-tests/{id}', 'not-acceptable', '/relay-tests/x', { accept: 'text/html' })
    await get('get /relay-tests/{id}', 'not-found', '/relay-tests/x')
    await post('unsupported-media-type', here, { 'content-type': 'text/xml' })
    await post('payload-too-large', { reference: 'x'.repeat(9000) })
    await post('invalid-request', { ...here, 'a/b': 1 })
    await post('address-special', { ...here, ip: '10.0.0.1' })
    await post('not-allowed', { ...here, ip: '127.0.2.1' })
    await post('opted-out', { ...here, ip: '127.0.0.99' })
    await post('domain-not-listed', { ...here, domain: 'a.invalid' })
  })

  await t.test('of methods and of bytes that are not a request', async () => {
    for (const path of ['/limits', '/livez', '/readyz'] as const) {
      await conforms(`get ${path}`, await service.fetch(path, { method: 'DELETE' }), 'method-not-allowed')
    }
    await conforms('post /relay-tests', await service.fetch('/relay-tests', { method: 'DELETE' }), 'method-not-allowed')
    await get('get /relay-tests', 'invalid-request', '/relay-tests?ip=mail')
    await get('get /limits', 'headers-too-large', '/limits', { 'x-padding': 'x'.repeat(9000) })
    await conforms(
      'post /relay-tests',
      await rawRequest(service.url, `${POST}Content-Length: -1\r\n\r\n`),
      'invalid-request',
    )
  })

  await t.test('of a path that is too long', async () => {
    await get('get /relay-tests/{id}', 'not-found', `/relay-tests/${'a'.repeat(300)}`)
  })

  await t.test('of a busy service', async () => {
    const stalled = hold(/^EHLO/)
    const first = service.post(here)
    await beforeAnswer('the test', stalled, first)
    await post('at-capacity', { ...here, ip: '127.0.1.1' })
    await post('target-busy', here, bearer(KEYS.desk))
    release()
    await conforms('post /relay-tests', await first, 201)
    await conforms('post /relay-tests', await service.post(here), 201)
    await post('quota-exceeded', here)
  })
})

test('problems of the installation match the document', async (t) => {
  const port = await deadPort()
  const vantages = join(configFolder(t), 'vantages.yaml')
  writeYaml(vantages, 'vantages: [{ name: a, ehlo: a.isp.example, publicIps: [203.0.113.7], bind: 127.0.0.1 }]\n')
  const customers = CUSTOMERS.replace(
    'neverTest:',
    '  - { id: six, name: Six, networks: ["2606:4700::/48"] }\nneverTest:',
  )
  const env = { ALLOWED_PORTS: `${port}`, VANTAGES_FILE: vantages, AUDIT_FILE: '/dev/full' }
  const service = await startService(t, { env, customers })
  const post = async (slug: ProblemSlug, ip: string) =>
    conforms('post /relay-tests', await service.post({ ip, port }, bearer(KEYS.desk)), slug)
  await post('vantage-inside-network', '203.0.113.25')
  await post('vantage-family', '2606:4700::1111')
  await post('audit-unavailable', '127.0.0.1')
  writeYaml(join(service.folder, 'customers.yaml'), `testing: false\n${customers}`)
  await until('the reload', () => service.logs().find(({ msg }) => msg === 'customers reloaded'))
  await post('testing-off', '127.0.0.1')
})

test('the refusal of a request during the shutdown matches the document', async (t) => {
  const service = await startService(t)
  // A connection with half a request stays open.
  const half = `GET /limits HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${KEYS.partner}\r\n`
  const { socket, answer } = rawConnection(service.url, half)
  await service.fetch('/livez')
  service.process.kill('SIGTERM')
  const refused = () =>
    fetch(`${service.url}/livez`).then(
      () => false,
      () => true,
    )
  await until('no more connections', refused)
  socket.write('\r\n')
  const response = responseFrom(await inTime('the answer', answer))
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  await conforms('get /limits', response, 'shutting-down')
})
