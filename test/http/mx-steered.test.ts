/** The form whose recipient is at a name of our zone: with a zone it is asked, and without one nobody sees it. */
import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { type TestContext, test } from 'node:test'
import { SANDBOX_ADDRESSES } from '../../src/access/sandbox.ts'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { formsOf } from '../../src/relay/forms.ts'
import { dnsServer } from '../harness/dns-server.ts'
import { resultOf } from '../harness/http.ts'
import { closed, deadPort } from '../harness/mail-scripts.ts'
import type { Say } from '../harness/mail-server.ts'
import { postOffice, taken } from '../harness/post-office.ts'
import { startSandbox } from '../harness/sandbox.ts'
import { until } from '../harness/waiting.ts'

const ZONE = 'steer.relaytest.isp.example'
const MAILBOX_HOST = 'mx.relaytest.isp.example'
const RCPT = /^RCPT TO:<([a-z2-7]{16})@([0-9a-f]{32}\.mail\.example\.com\.steer\.relaytest\.isp\.example)>$/

/** Returns the settings of an installation with a zone. */
async function withZone(t: TestContext) {
  const { address } = await dnsServer(t, { 'relaytest.isp.example': { mx: [[10, MAILBOX_HOST]] } })
  return { MX_ZONE: ZONE, DNS_LISTEN: '127.0.0.1:0', DNS_SERVERS: address, MAILBOX_KEY: 'k'.repeat(32) }
}

/** A server that relays for nobody, except to names of the zone. */
const trusting: Say = (line, session) => {
  if (line.startsWith('RCPT') && !RCPT.test(line)) return closed(line, session)
  return line.startsWith('RCPT') ? '250 2.1.5 Ok' : closed(line, session)
}

const steeredIn = ({ attempts }: RelayTest) => attempts.filter(({ form }) => form === 'mx-steered')

test('a server that relays by MX record is open, and the message reaches the mailbox at the name of the zone', async (t) => {
  let office: Awaited<ReturnType<typeof postOffice>> | null = null
  const say: Say = (line, session) => {
    if (line === '.' && office) {
      const { recipient, message } = taken(office.server)
      void office.bring(recipient, message)
    }
    return trusting(line, session)
  }
  office = await postOffice(t, say, { ...(await withZone(t)), DELIVERY_WAIT_MS: '5000' })
  const { ip, port, service, server, bring } = office
  const result = await resultOf(await service.post({ ip, port, suite: 'full', domain: 'example.com' }))
  assert.deepEqual([result.verdict, result.cause, result.evidence], ['open', 'mx-steered', 'delivered'])
  assert.equal(result.delivery?.form, 'mx-steered')
  assert.equal(result.remedy?.title, 'Stop trusting MX records')
  const [, token = '', domain = ''] = RCPT.exec(server.lines.find((line) => RCPT.test(line)) ?? '') ?? []
  assert.equal(server.lines.filter((line) => RCPT.test(line)).length, 2, 'once to ask, and once with the message')
  const { message } = taken(server)
  // The message names neither the server nor the zone.
  assert.doesNotMatch(message.join('\n'), /steer|127\.0\.0\.1|7f000001|mail\.example\.com/)
  for (const refused of [
    `${token}@relaytest.isp.example`,
    `postmaster@${domain}`,
    `${token}@${domain.replace('mail', 'mx')}`,
  ])
    assert.match(
      `${await bring(refused, message).catch((error: Error) => error.message)}`,
      /550 5\.1\.1 no such test address/,
      refused,
    )
})

test('accepted at RCPT and not proven is recipient-accepted', async (t) => {
  const { ip, port, service } = await postOffice(t, trusting, await withZone(t))
  const result = await resultOf(
    await service.post({ ip, port, suite: 'full', domain: 'example.com', proof: 'recipient' }),
  )
  assert.deepEqual([result.verdict, result.reason], ['inconclusive', 'recipient-accepted'])
  assert.deepEqual(
    steeredIn(result).map(({ outcome, evidence }) => [outcome, evidence]),
    [['accepted', 'recipient-accepted']],
  )
})

test('a server that refuses it is closed, and the name server answers for the name that it was asked with', async (t) => {
  const zone = await withZone(t)
  const nameServer = `127.0.0.1:${await deadPort()}`
  const { ip, port, service, server } = await postOffice(t, closed, { ...zone, DNS_LISTEN: nameServer })
  const result = await resultOf(await service.post({ ip, port, suite: 'full', domain: 'example.com' }))
  assert.equal(result.verdict, 'closed')
  assert.deepEqual(
    steeredIn(result).map(({ refusal }) => refusal),
    ['relay-denied'],
  )
  const [, , name = ''] = RCPT.exec(server.lines.find((line) => RCPT.test(line)) ?? '') ?? []
  const resolver = new Resolver({ timeout: 10_000, tries: 2 })
  resolver.setServers([nameServer])
  const found = await until('the host of the mailbox', () => resolver.resolveMx(name).catch(() => false as const))
  assert.deepEqual(
    found.map(({ priority, exchange }) => `${priority} ${exchange}`).sort(),
    [`5 ${MAILBOX_HOST}`, `50 ${name}`, '50 mail.example.com'].sort(),
  )
  assert.deepEqual(await resolver.resolve4(name), ['127.0.0.1'])
})

test('a server that relays for everyone is not asked, and neither is any server by the standard suite', async (t) => {
  const open: Say = (line, session) => (line.startsWith('RCPT') ? '250 Ok' : closed(line, session))
  const { ip, port, service } = await postOffice(t, open, await withZone(t))
  const full = await resultOf(await service.post({ ip, port, suite: 'full', proof: 'message' }))
  assert.deepEqual([full.cause, steeredIn(full)], ['everyone', []])
  const standard = await postOffice(t, closed, await withZone(t))
  const { attempts } = await resultOf(await standard.service.post({ ip, port: standard.port, domain: 'example.com' }))
  assert.ok(!attempts.some(({ form }) => form === 'mx-steered'))
})

test('without a zone nobody sees the form: not in the result, not on the wire, not in the sandbox', async (t) => {
  const { ip, port, service, server } = await postOffice(t, trusting)
  const result = await resultOf(await service.post({ ip, port, suite: 'full', domain: 'example.com' }))
  assert.equal(result.verdict, 'closed')
  assert.doesNotMatch(JSON.stringify(result), /steered/)
  assert.ok(!server.lines.some((line) => /steer/.test(line)))
  const asked = new Set(result.attempts.map(({ form }) => form))
  for (const { id } of formsOf('full')) assert.ok(asked.has(id), id)
})

test('the sandbox never has the form, with a zone or without', async (t) => {
  for (const env of [{}, { ...(await withZone(t)), MAILBOX_LISTEN: '127.0.0.1:0' }]) {
    const sandbox = await startSandbox(t, env)
    for (const ip of SANDBOX_ADDRESSES.slice(0, 3)) {
      const played = await sandbox.post({ ip, suite: 'full' })
      assert.equal(played.status, 201)
      assert.doesNotMatch(await played.text(), /steered/)
    }
  }
})
