/** The sandbox over HTTP: recorded sessions instead of real servers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKey } from '../../src/access/keys.ts'
import { limits } from '../../src/contract/limits.ts'
import { addressList, customerList } from '../../src/contract/scope.ts'
import { eventsOf, follow, linesIn } from '../harness/events.ts'
import { bearer, callersYaml, keyOf, leftOf, problemIn, resultOf } from '../harness/http.ts'
import { conforms } from '../harness/openapi.ts'
import { rejudge } from '../harness/rejudge.ts'
import { KEYS, startService } from '../harness/service.ts'
import { inTime, until } from '../harness/waiting.ts'

const [ONE, TWO] = [keyOf('1'), keyOf('2')]
const CALLERS = `${callersYaml([{ id: 'desk', key: KEYS.desk, customers: 'all' }])}
  - { id: one, keys: [{ sha256: ${hashKey(ONE)} }], sandbox: true }
  - { id: two, keys: [{ sha256: ${hashKey(TWO)} }], sandbox: true }
`
/** The sandbox uses port 25, the default port. */
const ENV = { ALLOWED_PORTS: '25', QUOTA_TARGET: '1/1h', QUOTA_NETWORK: '1/1h' }

const VERDICTS = [
  ['192.0.2.1', 'closed', null, null],
  ['192.0.2.2', 'open', null, 'own-domain-sender'],
  ['192.0.2.3', 'inconclusive', 'greylisted', null],
  ['192.0.2.4', 'inconclusive', 'connect-timeout', null],
  ['192.0.2.5', 'closed', null, null],
  ['192.0.2.7', 'inconclusive', 'ambiguous-accepted', null],
  ['192.0.2.8', 'inconclusive', 'words-unknown', null],
] as const

test('a caller in the sandbox gets recorded sessions, judged like any other', async (t) => {
  const service = await startService(t, { callers: CALLERS, env: ENV })
  const as = (key: string) => ({
    post: (body: object, headers: Record<string, string> = {}) => service.post(body, { ...bearer(key), ...headers }),
    get: (path: string, headers: Record<string, string> = {}) =>
      service.fetch(path, { headers: { ...bearer(key), ...headers } }),
  })
  const [one, two, desk] = [as(ONE), as(TWO), as(KEYS.desk)]

  for (const [ip, verdict, reason, cause] of VERDICTS) {
    await t.test(`${ip} is ${reason ?? cause ?? verdict}`, async () => {
      const created = await one.post({ ip, reference: 'TICKET-1' })
      const location = created.headers.get('location') ?? ''
      assert.match(created.headers.get('ratelimit') ?? '', /"tests-target";r=0/)
      const result = await resultOf(created)
      assert.deepEqual([result.verdict, result.reason, result.cause], [verdict, reason, cause])
      assert.deepEqual([result.customerId, result.domain, result.ip], ['sandbox-one', 'example.com', ip])
      assert.equal(result.transcript[0]?.line, `connecting to ${ip}:25`)
      assert.equal(result.settledAt, result.finishedAt)
      // The verdict comes from the lines that are shown.
      const judgement = rejudge(result)
      assert.deepEqual([judgement.verdict, judgement.reason, judgement.cause], [verdict, reason, cause])
      const key = [...result.transcript.keys()].filter((index) => result.transcript[index]?.key)
      assert.deepEqual(
        [...judgement.decisive].sort((a, b) => a - b),
        key,
      )
      assert.deepEqual(await resultOf(await one.get(location), 200), result)
      assert.match(await (await one.get(location, { accept: 'text/plain' })).text(), new RegExp(`^${verdict}`, 'i'))
    })
  }

  await t.test('192.0.2.6 is tested too often, and the headers say so', async () => {
    const response = await one.post({ ip: '192.0.2.6' })
    assert.match(response.headers.get('ratelimit') ?? '', /"tests-target";r=0;t=3600/)
    assert.equal(response.headers.get('retry-after'), '3600')
    const refused = await conforms('post /relay-tests', response, 'quota-exceeded')
    assert.deepEqual((refused as { violatedPolicies: string[] }).violatedPolicies, ['tests-target'])
  })

  await t.test('a test with another suite and proof is shown as it was recorded', async () => {
    const { suite, proof, port } = await resultOf(
      await one.post({ ip: '192.0.2.1', suite: 'full', proof: 'recipient' }),
    )
    assert.deepEqual([suite, proof, port], ['standard', 'message', 25])
  })

  await t.test('a known mailbox is taken, and the result shows it', async () => {
    const { knownMailbox, knownMailboxSource, domainSource, verdict } = await resultOf(
      await one.post({ ip: '192.0.2.1', knownMailbox: 'jane@EXAMPLE.com' }),
    )
    assert.deepEqual(
      [knownMailbox, knownMailboxSource, domainSource, verdict],
      ['jane@example.com', 'request', 'request', 'closed'],
    )
  })

  await t.test('at 192.0.2.8, unknown words decide nothing until a test names a person there', async () => {
    const found = async (member: object) => {
      const result = await resultOf(await one.post({ ip: '192.0.2.8', ...member }))
      assert.deepEqual(
        result.findings.map(({ code }) => code),
        ['own-domain-spoofable'],
      )
      const judgement = rejudge(result)
      assert.deepEqual([judgement.verdict, judgement.reason], [result.verdict, result.reason])
      const mailboxes = result.transcript.filter(({ line }) => line.startsWith('RCPT TO:') && line.endsWith('m>'))
      return [result.verdict, result.reason, mailboxes.at(-1)?.line]
    }
    assert.deepEqual(await found({}), ['inconclusive', 'words-unknown', 'RCPT TO:<postmaster@example.com>'])
    assert.deepEqual(await found({ knownMailbox: 'joe@example.com' }), ['closed', null, 'RCPT TO:<joe@example.com>'])
    // Bans and block lists often spare a role address, so it shows less (RFC 2142).
    assert.deepEqual(await found({ knownMailbox: 'info@example.com' }), [
      'inconclusive',
      'words-unknown',
      'RCPT TO:<info@example.com>',
    ])
  })

  await t.test('a test in the sandbox counts for its caller', async () => {
    const before = await leftOf(service, 'tests-caller', ONE)
    await resultOf(await one.post({ ip: '192.0.2.1' }))
    assert.equal(await leftOf(service, 'tests-caller', ONE), before - 1)
  })

  await t.test('everything else is refused as outside the sandbox', async () => {
    for (const [body, slug] of [
      [{ ip: '192.0.2.9' }, 'address-special'],
      [{ ip: '192.0.2.0' }, 'address-special'],
      [{ ip: '127.0.0.1' }, 'address-special'],
      [{ ip: '10.0.0.1' }, 'address-special'],
      [{ ip: '203.0.113.25' }, 'address-special'],
      [{ ip: '93.184.216.34' }, 'not-allowed'],
      [{ ip: '192.0.2.1', customerId: 'acme' }, 'not-allowed'],
      [{ ip: '192.0.2.1', customerId: 'sandbox-two' }, 'not-allowed'],
      [{ ip: '192.0.2.1', domain: 'example.org' }, 'domain-not-listed'],
      [{ ip: '192.0.2.1', knownMailbox: 'jane@example.org' }, 'domain-not-listed'],
      [{ ip: '192.0.2.1', knownMailbox: 'jane' }, 'invalid-request'],
      [{ ip: '192.0.2.1', port: 26 }, 'invalid-request'],
      [{ ip: '192.0.2.1', proof: 'delivery' }, 'proof-unavailable'],
      [{ ip: 'mail.example.com' }, 'invalid-request'],
    ] as const) {
      await problemIn(await one.post(body), slug)
    }
  })

  await t.test('no other caller may test there or see the tests of another sandbox', async () => {
    await problemIn(await desk.post({ ip: '192.0.2.1' }), 'address-special')
    const { id } = await resultOf(await two.post({ ip: '192.0.2.1' }))
    await problemIn(await one.get(`/relay-tests/${id}`), 'not-found')
    const { relayTests } = (await (await one.get('/relay-tests?ip=192.0.2.1')).json()) as {
      relayTests: { id: string }[]
    }
    assert.ok(relayTests.length > 0)
    assert.ok(!relayTests.some((listed) => listed.id === id))
  })

  await t.test('a played session is never listed among tests of real servers', async () => {
    const { id } = await resultOf(await one.post({ ip: '192.0.2.2', reference: 'TICKET-4711' }))
    await problemIn(await desk.get(`/relay-tests/${id}`), 'not-found')
    for (const query of ['', 'ip=192.0.2.2', 'reference=TICKET-4711']) {
      const list = await (await desk.get(`/relay-tests?${query}`)).json()
      assert.deepEqual(list, { relayTests: [], nextCursor: null })
    }
  })

  await t.test('a session can be followed live, line by line', async () => {
    const response = await one.post({ ip: '192.0.2.7' }, { accept: 'text/event-stream' })
    const { events, ended } = follow(eventsOf(response))
    await inTime('the end of the stream', ended)
    const last = events.at(-1)
    assert.ok(last?.event === 'verdict')
    assert.equal(last.data.reason, 'ambiguous-accepted')
    assert.deepEqual(
      linesIn(events),
      last.data.transcript.map(({ line }) => line),
    )
    const told = events.flatMap(({ event, data }, at) => (event === 'attempt' ? [{ form: data.form, at }] : []))
    assert.ok(
      told[0] && told[0].at < events.findLastIndex(({ event }) => event === 'line'),
      'an attempt came in between',
    )
    const latest = new Map(events.flatMap(({ event, data }) => (event === 'attempt' ? [[data.form, data]] : [])))
    for (const attempt of last.data.attempts) assert.deepEqual(latest.get(attempt.form), attempt)
    assert.equal(latest.size, last.data.attempts.length)
  })

  await t.test('idempotency keys and respond-async work as usual, and sandboxes do not affect each other', async () => {
    const body = { ip: '192.0.2.5' }
    const async = { prefer: 'respond-async', 'idempotency-key': 'k' }
    const started = await one.post(body, async)
    const { id } = await resultOf(started, 202)
    const busy = await problemIn(await one.post(body), 'target-busy')
    assert.match(busy.detail, /192\.0\.2\.5 is being tested/)
    await problemIn(await one.post(body, { 'idempotency-key': 'k' }), 'idempotency-running')
    await problemIn(await one.post({ ip: '192.0.2.1' }, async), 'idempotency-mismatch')
    const other = await resultOf(await two.post(body, { prefer: 'respond-async' }), 202)
    const finished = await until('the end of the slow test', async () => {
      const result = await resultOf(await one.get(`/relay-tests/${id}`), 200)
      return result.status === 'finished' && result
    })
    assert.equal(finished.verdict, 'closed')
    assert.ok((finished.durationMs ?? 0) >= 2_000)
    const replayed = await one.post(body, { 'idempotency-key': 'k' })
    assert.equal(replayed.headers.get('idempotency-replayed'), 'true')
    assert.notEqual(other.id, id)
  })

  await t.test('a test whose caller leaves is interrupted', async () => {
    const left = new AbortController()
    const begun = service.logs().length
    const asked = service.fetch('/relay-tests', {
      method: 'POST',
      headers: { ...bearer(TWO), 'content-type': 'application/json' },
      body: JSON.stringify({ ip: '192.0.2.4' }),
      signal: left.signal,
    })
    asked.catch(() => {})
    await until('the intent', () =>
      service
        .logs()
        .slice(begun)
        .some(({ audit, ip }) => audit === 'intent' && ip === '192.0.2.4'),
    )
    left.abort()
    const line = await inTime(
      'the result',
      until('the result', () =>
        service
          .logs()
          .slice(begun)
          .find(({ audit, ip }) => audit === 'result' && ip === '192.0.2.4'),
      ),
    )
    assert.equal(line.reason, 'interrupted')
  })

  await t.test('the audit log says of each test that nothing was dialled and no message was accepted', () => {
    const results = service.logs().filter(({ audit }) => audit === 'result')
    assert.ok(results.length >= 10)
    for (const { dialled, connections, messagesAccepted } of results) {
      assert.deepEqual([dialled, connections, messagesAccepted], [[], 0, 0])
    }
  })

  await t.test('its scope is visible', async () => {
    const { customers } = customerList.parse(await (await one.get('/customers')).json())
    assert.deepEqual(
      customers.map(({ id, networks }) => [id, networks.length]),
      [['sandbox-one', 8]],
    )
    assert.deepEqual(limits.parse(await (await one.get('/limits')).json()).customers, ['sandbox-one'])
    const { addresses } = addressList.parse(await (await one.get('/addresses?name=mail.example.com')).json())
    assert.deepEqual([...new Set(addresses.map(({ testable }) => testable))], [true])
    assert.equal(addresses.length, 8)
  })
})
