/** The built service tests real mail servers, session by session. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelayTest } from '../src/contract/relay-test.ts'
import type { TestService } from './harness/service.ts'
import { until } from './harness/waiting.ts'
import { startExim } from './lab/exim.ts'
import type { LabServer } from './lab/instance.ts'
import { openNetwork } from './lab/network.ts'
import { startPostfix } from './lab/postfix.ts'
import { ask, startStranger } from './lab/stranger.ts'
import { labUnavailable } from './lab/unavailable.ts'

const COMPLAINTS = /too many errors|improper|pipelining|lost connection|synchroni|rate limit|timeout|dropped|too many/i

const testServer = (service: TestService, { address }: LabServer): Promise<RelayTest> => ask(service, address)

const outcomes = ({ attempts }: RelayTest) =>
  Object.fromEntries(attempts.map(({ form, outcome, refusal }) => [form, refusal ?? outcome]))

const keyLines = ({ transcript }: RelayTest, from: 'client' | 'server') =>
  transcript.filter((line) => line.key && line.from === from).map(({ line }) => line)

/** The waits of a session: each time the server speaks after us, a round trip is over. */
const roundTrips = ({ transcript }: RelayTest) => {
  const spoken = transcript.filter(({ from }) => from !== 'event')
  return spoken.filter(({ from }, index) => from === 'server' && spoken[index - 1]?.from !== 'server').length
}

const reason = labUnavailable()

test('the built service tests real mail servers', { skip: process.env.CI ? false : (reason ?? false) }, async (t) => {
  assert.equal(reason, null)
  const network = await openNetwork()
  t.after(() => network.close())
  const service = await startStranger(t, network)
  const [stock, open, exim, stock6] = await Promise.all([
    startPostfix(network),
    startPostfix(network, { mynetworks: '0.0.0.0/0 [::]/0' }),
    startExim(network),
    startPostfix(network, { address: network.nextAddress(6) }),
  ])

  await t.test('a stock Postfix is closed, although it denies with a temporary code', async () => {
    const result = await testServer(service, stock)
    assert.equal(result.verdict, 'closed')
    assert.equal(result.evidence, 'none')
    assert.equal(result.reason, null)
    assert.deepEqual(outcomes(result), {
      'outside-sender': 'relay-denied',
      'own-domain-sender': 'relay-denied',
      'null-sender': 'relay-denied',
      'percent-hack': 'relay-denied',
      'own-domain-postmaster': 'relay-denied',
      'postmaster-control': 'accepted',
      'own-sender-to-local': 'accepted',
    })
    assert.equal(keyLines(result, 'server').length, 5)
    for (const line of keyLines(result, 'server')) assert.match(line, /^454 4\.7\.1 <\S+>: Relay access denied$/)
    assert.match(keyLines(result, 'client')[0] ?? '', /^RCPT TO:<[a-z2-7]{16}@relaytest\.isp\.example>$/)
    assert.deepEqual(result.server?.software, { name: 'Postfix', version: null })
    assert.equal(result.vantage.ip, network.vantage)
    assert.equal(result.vantage.ehlo, 'relaytest.isp.example')
    assert.equal(roundTrips(result), 8, 'greeting, EHLO, three groups, two commands of a finding, QUIT')
  })

  await t.test('a Postfix that trusts everybody is open, and took the message', async () => {
    const result = await testServer(service, open)
    assert.equal(result.verdict, 'open')
    assert.equal(result.evidence, 'message-accepted')
    assert.equal(result.cause, 'everyone')
    assert.deepEqual(outcomes(result), {
      'outside-sender': 'accepted',
      'own-domain-sender': 'accepted',
      'null-sender': 'accepted',
      'percent-hack': 'accepted',
    })
    const queued = keyLines(result, 'server').at(-1) ?? ''
    const id = /^250 2\.0\.0 Ok: queued as (\w+)$/.exec(queued)?.[1]
    assert.ok(id, queued)
    assert.equal(result.transcript.filter(({ line }) => line === 'DATA').length, 1, 'one message proves it')
    const sent = new RegExp(`${id}: from=<[a-z2-7]{16}@relaytest\\.isp\\.example>`)
    await until('the message in the log', async () => sent.test(await open.log()))
  })

  await t.test('a stock Exim is closed, in Exim’s own words', async () => {
    const result = await testServer(service, exim)
    assert.equal(result.verdict, 'closed')
    assert.equal(result.evidence, 'none')
    const { 'percent-hack': percent, ...plain } = outcomes(result)
    assert.deepEqual(plain, {
      'outside-sender': 'relay-denied',
      'own-domain-sender': 'relay-denied',
      'null-sender': 'relay-denied',
      'own-domain-postmaster': 'relay-denied',
      'postmaster-control': 'accepted',
      'own-sender-to-local': 'accepted',
    })
    assert.equal(percent, 'policy')
    assert.ok(keyLines(result, 'server').includes('550 relay not permitted'))
    assert.equal(result.server?.software?.name, 'Exim')
    assert.match(result.server?.software?.version ?? '', /^4\.96/)
  })

  await t.test('a Postfix on IPv6 is closed as well', async () => {
    const result = await testServer(service, stock6)
    assert.equal(result.verdict, 'closed')
    assert.equal(result.vantage.ip, network.vantage6)
  })

  await t.test('every form of the full suite is answered over IPv6, address literals included', async () => {
    const result = await ask(service, stock6.address, { suite: 'full' })
    assert.equal(result.verdict, 'closed')
    const asked = result.attempts.filter(({ form }) => !/^(postmaster-control|own-sender-to-local)$/.test(form))
    assert.deepEqual(
      asked.filter(({ outcome }) => outcome !== 'refused'),
      [],
    )
    const literal = result.attempts.find(({ form }) => form === 'literal-sender')
    assert.equal(literal?.mailFrom, `sender@[IPv6:${stock6.address}]`)
  })

  await t.test('an address without a server is inconclusive, not an error', async () => {
    const result = await testServer(service, { ...stock, address: network.nextAddress() })
    assert.equal(result.verdict, 'inconclusive')
    assert.equal(result.reason, 'connection-refused')
    assert.deepEqual(new Set(result.attempts.map(({ outcome }) => outcome)), new Set(['not-run']))
  })

  await t.test('no server has anything to complain about us', async () => {
    for (const server of [stock, open, exim, stock6]) assert.doesNotMatch(await server.log(), COMPLAINTS)
  })
})
