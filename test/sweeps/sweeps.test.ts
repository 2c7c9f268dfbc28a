/** Sweeps through HTTP: many servers, compared with the sweep before, in memory and on Redis. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hashKey } from '../../src/access/keys.ts'
import { type NewSweep, sweepResultList } from '../../src/contract/sweeps.ts'
import { whole } from '../harness/files.ts'
import { heldServer } from '../harness/held-server.ts'
import { keyOf, problemIn, resultOf } from '../harness/http.ts'
import { closed, open } from '../harness/mail-scripts.ts'
import { scriptedServer } from '../harness/mail-server.ts'
import { conforms } from '../harness/openapi.ts'
import { SECRET, webhookReceiver } from '../harness/receiver.ts'
import { startRedis, withRedis } from '../harness/redis.ts'
import { startService, type TestService } from '../harness/service.ts'
import { ask, begin, ended, postSweep, read, resultsOf, SECURITY, SWEEP_CALLERS, sweepOf } from '../harness/sweeps.ts'
import { until } from '../harness/waiting.ts'

/** Servers in different networks, so that none waits for another. */
const HOSTS = ['127.0.0.1', '127.0.1.1', '127.0.2.1', '127.0.3.1']
const NETWORKS = 'networks: [127.0.0.0/16], domains: [example.com]'

const customersYaml = (servers: readonly string[], more = ''): string =>
  `testing: true\ncustomers: [{ id: acme, name: Acme, ${NETWORKS}, servers: [${servers.join(', ')}] }${more}]\nneverTest: []\n`

/** Starts servers that can be opened and closed, and a service whose customer has them. */
async function start(t: TestContext, env: Record<string, string> = {}, callers = SWEEP_CALLERS) {
  const opened = new Set<string>()
  const server = await scriptedServer(
    t,
    { say: (line, session) => (opened.has(session.address) ? open : closed)(line, session) },
    { hosts: HOSTS },
  )
  const servers = HOSTS.map((ip) => `{ ip: ${ip}, port: ${server.port} }`)
  const service = await startService(t, {
    callers,
    customers: customersYaml(servers),
    env: { ALLOWED_PORTS: `${server.port}`, ...env },
  })
  const rewrite = (text: string) => writeFileSync(join(service.folder, 'customers.yaml'), whole(text))
  const tests = () => new Set(server.sessions.map(({ address }) => address))
  return { server, servers, service, opened, rewrite, tests, port: server.port }
}

/** Runs a sweep to its end. */
const sweepAll = async (service: TestService, body: NewSweep) => ended(service, await begin(service, body))

for (const [where, options] of [
  ['in memory', {}],
  ['on Redis', withRedis],
] as const) {
  test(`a sweep tests every server of the customers, and says what has changed (${where})`, options, async (t) => {
    const env = where === 'on Redis' ? { REDIS_URL: (await startRedis(t)).url } : {}
    const { service, opened, port } = await start(t, env)
    opened.add('127.0.0.1').add('127.0.1.1')
    const first = await sweepAll(service, { name: 'weekly', customers: 'all' })
    assert.deepEqual(first.progress, { targets: 4, tested: 4, skipped: 0, running: 0, waiting: 0 })
    assert.deepEqual(first.verdicts, { open: 2, closed: 2, inconclusive: 0 })
    assert.deepEqual(first.changes, { against: null, opened: 0, closed: 0, new: 0, lost: 0, stillOpen: 0 })
    // One is closed, one opens, one is not asked for again, and one is new.
    opened.delete('127.0.0.1')
    opened.add('127.0.2.1')
    const targets = ['127.0.0.1', '127.0.1.1', '127.0.2.1'].map((ip) => ({ ip, port }))
    const second = await sweepAll(service, { name: 'weekly', targets })
    assert.deepEqual(second.changes, { against: first.id, opened: 1, closed: 1, new: 0, lost: 1, stillOpen: 1 })
    const rows = await resultsOf(service, second)
    const changeOf = (ip: string) => rows.find((row) => row.ip === ip)?.change
    assert.deepEqual(HOSTS.map(changeOf), ['closed', null, 'opened', 'lost'])
    const since = rows.find(({ ip }) => ip === '127.0.1.1')?.openSince
    const before = (await resultsOf(service, first)).find(({ ip }) => ip === '127.0.1.1')
    assert.equal(since, before?.finishedAt)
    const third = await sweepAll(service, { name: 'weekly', customers: ['acme'] })
    assert.deepEqual([third.changes.against, third.changes.new], [second.id, 1])
    const [result] = await resultsOf(service, third, '?change=new')
    assert.equal(result?.ip, '127.0.3.1')
    const made = await resultOf(await ask(service, `/relay-tests/${result?.testId}`), 200)
    assert.deepEqual([made.sweepId, made.ip], [third.id, '127.0.3.1'])
  })
}

test('results come in pages, as NDJSON and as CSV, and by what they are', async (t) => {
  const { service, opened } = await start(t)
  opened.add('127.0.2.1')
  const sweep = await sweepAll(service, { name: 'weekly', customers: 'all' })
  const seen: string[] = []
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const response = await ask(service, `/sweeps/${sweep.id}/results?limit=3&cursor=${cursor}`)
    const page = sweepResultList.parse(await conforms('get /sweeps/{id}/results', response, 200))
    seen.push(...page.results.map(({ ip }) => ip))
    cursor = page.nextCursor
  }
  assert.deepEqual(seen.sort(), HOSTS)
  const csv = await ask(service, `/sweeps/${sweep.id}/results?verdict=open`, { headers: { accept: 'text/csv' } })
  const [head = '', row = '', ...others] = (await csv.text()).split('\r\n')
  assert.match(head, /^ip,port,domain,customerId,/)
  assert.match(row, /^"127\.0\.2\.1",/)
  assert.deepEqual(others, [''])
  assert.equal((await resultsOf(service, sweep, '?verdict=closed&customerId=acme&state=tested')).length, 3)
})

test('a target that has moved, is opted out or is not listed any more is skipped, with the reason', async (t) => {
  const { service, servers, rewrite } = await start(t)
  const moved = `, { id: beta, name: Beta, networks: [127.0.1.0/24], domains: [example.org] }`
  const first = await sweepAll(service, { name: 'weekly', customers: 'all' })
  const [one, , three, four] = servers
  rewrite(customersYaml([`${one}`, `${three}`, `${four}`], moved).replace('neverTest: []', 'neverTest: [127.0.2.1/32]'))
  await until('the reload', () => service.logs().some(({ msg }) => msg === 'customers reloaded'))
  const second = await sweepAll(service, { name: 'weekly', customers: 'all' })
  assert.deepEqual([second.progress.tested, second.progress.skipped], [2, 1])
  assert.equal(second.changes.lost, 2)
  const [skipped] = await resultsOf(service, second, '?state=skipped&change=lost')
  assert.equal(skipped?.says, 'We did not test it: 127.0.2.1 is never tested: its operator asked us not to.')
  assert.equal(second.changes.against, first.id)
  const all = await resultsOf(service, second)
  assert.ok(
    all.some(
      ({ ip, says }) => ip === '127.0.1.1' && says === 'The last sweep had this target. This sweep does not have it.',
    ),
  )
})

test('a target that moves or is opted out while the sweep goes on is skipped at its turn', async (t) => {
  const { service, servers, rewrite, tests } = await start(t)
  const reloads = () => service.logs().filter(({ msg }) => msg === 'customers reloaded').length
  rewrite(customersYaml(servers).replace('testing: true', 'testing: false'))
  await until('the switch', () => reloads() === 1)
  const sweep = await begin(service, { name: 'weekly', customers: 'all' })
  const moved = ', { id: beta, name: Beta, networks: [127.0.1.0/24], domains: [example.org] }'
  rewrite(customersYaml([], moved).replace('neverTest: []', 'neverTest: [127.0.2.1/32]'))
  const { progress } = await ended(service, sweep)
  assert.deepEqual([progress.tested, progress.skipped], [2, 2])
  const skipped = await resultsOf(service, sweep, '?state=skipped')
  const says = new Map(skipped.map((one) => [one.ip, one.says ?? '']))
  assert.match(says.get('127.0.1.1') ?? '', /belongs to customer beta, not to acme/)
  assert.match(says.get('127.0.2.1') ?? '', /is never tested: its operator asked us not to/)
  assert.deepEqual(tests(), new Set(['127.0.0.1', '127.0.3.1']))
})

test('of two servers in one network, a sweep tests one after the other', async (t) => {
  const neighbours = ['127.0.0.1', '127.0.0.2']
  const held = await heldServer(t, [...neighbours, '127.0.1.1'])
  const { port } = held.server
  const customers = customersYaml([])
  const service = await startService(t, { callers: SWEEP_CALLERS, customers, env: { ALLOWED_PORTS: `${port}` } })
  const sweep = await begin(service, {
    name: 'weekly',
    targets: [...neighbours, '127.0.1.1'].map((ip) => ({ ip, port })),
  })
  held.release('127.0.1.1')
  await until('the test in the other network', async () => (await read(service, sweep.id)).progress.tested === 1)
  const begun = () => neighbours.filter((ip) => held.dialled().includes(ip))
  await until('one of the neighbours', () => begun().length > 0)
  assert.equal(begun().length, 1)
  held.release()
  assert.equal((await ended(service, sweep)).progress.tested, 3)
  assert.equal(begun().length, 2)
})

test('a sweep stops at once when it is told to, and its next one may begin', async (t) => {
  const { service } = await start(t)
  const sweep = await begin(service, { name: 'weekly', customers: 'all', spread: '7d' })
  await until('the first test', async () => (await read(service, sweep.id)).progress.tested === 1)
  const busy = await postSweep(service, { name: 'weekly', customers: 'all' })
  assert.equal(busy.headers.get('location'), `/sweeps/${sweep.id}`)
  await problemIn(busy, 'sweep-running')
  const stopped = await sweepOf(await ask(service, `/sweeps/${sweep.id}`, { method: 'DELETE' }), 200)
  assert.deepEqual([stopped.status, stopped.progress.waiting], ['stopped', 3])
  await begin(service, { name: 'weekly', customers: 'all' })
})

test('while testing is switched off, a sweep waits and says so; then it goes on', async (t) => {
  const { service, servers, rewrite, tests } = await start(t)
  rewrite(customersYaml(servers).replace('testing: true', 'testing: false'))
  await until('the reload', () => service.logs().some(({ msg }) => msg === 'customers reloaded'))
  const sweep = await begin(service, { name: 'weekly', customers: 'all' })
  await until('the reason', async () => /switched testing off/.test((await read(service, sweep.id)).says ?? ''))
  assert.equal(tests().size, 0)
  rewrite(customersYaml(servers))
  const { progress, says } = await ended(service, sweep)
  assert.deepEqual([progress.tested, says], [4, null])
})

test('no other caller sees a sweep, its results, or how to stop it', async (t) => {
  const other = `  - { id: other, keys: [{ sha256: ${hashKey(keyOf('o'))} }], customers: all, sweeps: true }\n`
  const { service } = await start(t, {}, `${SWEEP_CALLERS}${other}`)
  const { id } = await sweepAll(service, { name: 'weekly', customers: 'all' })
  for (const [path, method] of [
    [`/sweeps/${id}`, 'GET'],
    [`/sweeps/${id}/results`, 'GET'],
    [`/sweeps/${id}`, 'DELETE'],
  ] as const) {
    await problemIn(await ask(service, path, { method }, keyOf('o')), 'not-found')
  }
  assert.deepEqual(await (await ask(service, '/sweeps', {}, keyOf('o'))).json(), { sweeps: [] })
  await sweepOf(await postSweep(service, { name: 'weekly', customers: 'all' }, keyOf('o')), 201)
})

test('a sweep that must not begin is refused, with a pointer to each mistake, and nothing begins', async (t) => {
  const { service, port, tests } = await start(t)
  const many = Array.from({ length: 100_001 }, () => ({ ip: '127.0.0.1', port }))
  for (const [slug, body, pointer] of [
    ['invalid-request', { name: 'weekly' }, ''],
    ['invalid-request', { name: 'weekly', customers: 'all', targets: [{ ip: '127.0.0.1', port }] }, '/targets'],
    ['invalid-request', { name: 'no name!', customers: 'all' }, '/name'],
    ['invalid-request', { name: 'weekly', customers: 'all', spread: '8d' }, '/spread'],
    [
      'invalid-request',
      {
        name: 'weekly',
        targets: [
          { ip: '127.0.0.1', port },
          { ip: '127.0.0.0/24', port },
        ],
      },
      '/targets/1/ip',
    ],
    [
      'invalid-request',
      {
        name: 'weekly',
        targets: [
          { ip: '127.0.0.1', port },
          { ip: '127.0.0.1', port },
        ],
      },
      '/targets/1/ip',
    ],
    ['invalid-request', { name: 'weekly', targets: [{ ip: '127.0.0.1', port: 4 }] }, '/targets/0/port'],
    ['invalid-request', { name: 'weekly', targets: [{ ip: '127.0.0.1', port, net: 1 }] }, '/targets/0/net'],
    ['invalid-request', { name: 'weekly', targets: many }, '/targets'],
    ['invalid-request', { name: 'weekly', targets: [] }, '/targets'],
    [
      'not-allowed',
      {
        name: 'weekly',
        targets: [
          { ip: '127.0.0.1', port },
          { ip: '93.184.216.34', port },
        ],
      },
      '/targets/1/ip',
    ],
    ['not-allowed', { name: 'weekly', customers: ['acme', 'nobody'] }, '/customers/1'],
    [
      'domain-not-listed',
      { name: 'weekly', targets: [{ ip: '127.0.0.1', port, domain: 'other.example' }] },
      '/targets/0/domain',
    ],
  ] as const) {
    const { errors } = await problemIn(await postSweep(service, body), slug)
    assert.equal(errors?.[0]?.pointer, pointer, JSON.stringify(body).slice(0, 80))
  }
  await problemIn(await postSweep(service, { name: 'weekly', customers: 'all' }, keyOf('d')), 'sweeps-not-allowed')
  for (const path of ['/sweeps', '/sweeps/0b7c1f0e-58f5-4f0e-9c7e-0f4a5d8d2f10'])
    await problemIn(await ask(service, path, {}, keyOf('d')), 'sweeps-not-allowed')
  await problemIn(await ask(service, '/sweeps/0b7c1f0e-58f5-4f0e-9c7e-0f4a5d8d2f10'), 'not-found')
  assert.deepEqual(await (await ask(service, '/sweeps')).json(), { sweeps: [] })
  assert.equal(tests().size, 0)
})

test('a caller with a webhook hears of the end of its sweep and of opened servers, and of no single test', async (t) => {
  const receiver = await webhookReceiver(t)
  const hook = `webhook: { url: '${receiver.url}', secret: ${SECRET} }`
  const { service, opened } = await start(t, {}, SWEEP_CALLERS.replace('sweeps: true', `sweeps: true, ${hook}`))
  const first = await sweepAll(service, { name: 'weekly', customers: 'all' })
  opened.add('127.0.1.1')
  const second = await sweepAll(service, { name: 'weekly', customers: 'all' })
  await until('three events', () => receiver.taken.length >= 3)
  const told = receiver.taken.map(({ event }) => [event.type, 'id' in event.data ? event.data.id : null])
  const [open] = await resultsOf(service, second, '?verdict=open')
  assert.deepEqual(told, [
    ['sweep.finished', first.id],
    ['server.opened', open?.testId],
    ['sweep.finished', second.id],
  ])
  const [, , { event } = assert.fail()] = receiver.taken
  assert.deepEqual(event.data, second)
})

test('a caller in the sandbox tries sweeps on its recorded servers', async (t) => {
  const callers = SWEEP_CALLERS.replace('customers: all, sweeps', 'sandbox: true, sweeps')
  const { service } = await start(t, {}, callers)
  const sweep = await sweepAll(service, { name: 'trial', customers: 'all' })
  assert.ok(sweep.verdicts.open > 0 && sweep.verdicts.closed > 0 && sweep.verdicts.inconclusive > 0)
  assert.deepEqual([sweep.suite, sweep.proof], ['standard', 'message'], 'what the recordings are')
  // No server is behind this address: its quota is always used up.
  const skipped = (await resultsOf(service, sweep)).filter(({ state }) => state !== 'tested')
  assert.deepEqual(
    skipped.map(({ ip, state, says }) => [ip, state, says]),
    [
      [
        '192.0.2.6',
        'skipped',
        'We did not test it: The quota tests-target of 192.0.2.6 is used up, as always in the sandbox.',
      ],
    ],
  )
})

test('a body that is large and wrong is refused at once, and the service goes on', async (t) => {
  const { service } = await start(t)
  const send = (body: string) =>
    ask(service, '/sweeps', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  const members = Array.from({ length: 50_000 }, (_, index) => `"k${index}":1`).join(',')
  for (const body of [
    `{"name": "${'a'.repeat(8_200_000)}"}`,
    `{"name": "weekly", ${members}}`,
    `{"name": "weekly", "targets": [{"ip": "127.0.0.1", ${members}}]}`,
  ]) {
    const { errors = [] } = await problemIn(await send(body), 'invalid-request')
    assert.ok(errors.length > 0 && errors.length <= 100, `${errors.length}`)
  }
  await problemIn(await send(`{"name": "${'a'.repeat(16 * 1024 * 1024)}"}`), 'payload-too-large')
  assert.equal((await ask(service, '/livez')).status, 200)
})

test('only one large body of a caller is read at a time', async (t) => {
  const { service, port } = await start(t)
  const { hostname, port: at } = new URL(service.url)
  const slow = connect(Number(at), hostname)
  t.after(() => slow.destroy())
  const head = `POST /sweeps HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${SECURITY}\r\n`
  slow.write(`${head}Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{`)
  const name = 'weekly'
  const targets = Array.from({ length: 2_000 }, (_, index) => ({ ip: `127.0.${index >> 8}.${index & 255}`, port }))
  const refused = await until('the refusal', async () => {
    const response = await postSweep(service, { name, targets: [...targets, { ip: 'nobody' }] })
    return response.status === 503 && response
  })
  await problemIn(refused, 'at-capacity')
  const small = await begin(service, { name: 'small', targets: targets.slice(0, 1) })
  assert.equal(small.progress.targets, 1)
  slow.destroy()
  await until('room', async () => {
    const response = await postSweep(service, { name, targets: [...targets, { ip: 'nobody' }] })
    return response.status === 400
  })
})

test('a sweep may be stopped with a header of a body that is not there', async (t) => {
  const { service } = await start(t)
  const sweep = await begin(service, { name: 'weekly', customers: 'all', spread: '7d' })
  const headers = { 'content-type': 'application/json' }
  const stopped = await ask(service, `/sweeps/${sweep.id}`, { method: 'DELETE', headers })
  assert.equal((await sweepOf(stopped, 200)).status, 'stopped')
})

test('ten sweeps of a caller run at a time, and one that is refused uses up no quota', async (t) => {
  const { service } = await start(t, { QUOTA_SWEEPS: '11/1h' })
  const slowly = (name: string) => ({ name, customers: 'all' as const, spread: '7d' })
  const sweeps = []
  for (let count = 0; count < 10; count += 1) sweeps.push(await begin(service, slowly(`sweep-${count}`)))
  for (let count = 0; count < 3; count += 1) await problemIn(await postSweep(service, slowly('more')), 'sweep-running')
  await ask(service, `/sweeps/${sweeps[0]?.id}`, { method: 'DELETE' })
  await begin(service, slowly('more'))
  await ask(service, `/sweeps/${sweeps[1]?.id}`, { method: 'DELETE' })
  const { violatedPolicies } = await problemIn(await postSweep(service, slowly('last')), 'quota-exceeded')
  assert.deepEqual(violatedPolicies, ['sweeps-caller'])
})

test('many sweeps test one server no more often than its quota allows', async (t) => {
  const { service, server, port } = await start(t, { QUOTA_TARGET: '2/1h' })
  const targets = [{ ip: '127.0.0.1', port }]
  for (const name of ['a', 'b']) await sweepAll(service, { name, targets })
  const tests = () => service.logs().filter(({ audit }) => audit === 'intent').length
  const third = await begin(service, { name: 'c', targets })
  const done = await sweepAll(service, { name: 'd', targets: [{ ip: '127.0.1.1', port }] })
  assert.equal(done.progress.tested, 1)
  assert.deepEqual([(await read(service, third.id)).progress.tested, tests()], [0, 3])
  assert.ok(server.connections >= 3)
})
