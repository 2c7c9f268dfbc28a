/** Messages that arrive in the mailbox during a test and after it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemIn, resultOf } from '../harness/http.ts'
import { healthy, type Say } from '../harness/mail-server.ts'
import { postOffice, taken } from '../harness/post-office.ts'
import { startService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'

test('a message that arrives within the wait is delivered, and its secrets are in no output', async (t) => {
  let office: Awaited<ReturnType<typeof postOffice>> | null = null
  const say: Say = (line) => {
    if (line === '.' && office) {
      const { recipient, message } = taken(office.server)
      void office.bring(recipient, message)
    }
    return healthy(line)
  }
  office = await postOffice(t, say, { DELIVERY_WAIT_MS: '5000' })
  const { ip, port, service, server } = office
  const result = await resultOf(await service.post({ ip, port }))
  assert.deepEqual([result.verdict, result.evidence, result.cause], ['open', 'delivered', 'everyone'])
  assert.equal(result.delivery?.form, 'outside-sender')
  assert.deepEqual(result.delivery?.from, { ip: '127.0.0.1', helo: 'mail.example.com' })
  assert.equal(result.delivery?.multiHop, false)
  const { secrets } = taken(server)
  assert.equal(secrets.length, 2)
  for (const text of [JSON.stringify(result), ...service.output]) {
    for (const secret of secrets) assert.ok(!text.includes(secret))
  }
})

test('a message that arrives later amends the result', async (t) => {
  const { ip, port, service, server, bring } = await postOffice(t, healthy)
  const first = await resultOf(await service.post({ ip, port }))
  assert.deepEqual([first.verdict, first.evidence, first.amendedAt], ['open', 'message-accepted', null])
  assert.match(first.summary ?? '', /Our test message has not arrived so far\.$/)
  assert.ok(Date.parse(first.settledAt ?? '') > Date.parse(first.finishedAt ?? ''))
  const { recipient, message } = taken(server)
  await bring(
    recipient,
    message.map((line) => line.replace(/^(Proof|X-Relay-Test): .*/, '$1: forged')),
  )
  const read = async () => resultOf(await service.fetch(`/relay-tests/${first.id}`), 200)
  assert.equal((await read()).amendedAt, null, 'without the secret nothing is proven')
  await bring(recipient, message)
  const amended = await until('the amendment', async () => {
    const now = await read()
    return now.amendedAt !== null && now
  })
  assert.deepEqual([amended.verdict, amended.evidence], ['open', 'delivered'])
  assert.equal(amended.finishedAt, first.finishedAt)
  await until('the log line', () =>
    service.logs().some(({ msg, id }) => msg === 'relay test amended' && id === first.id),
  )
})

test('a bounce that arrives later amends the result as well', async (t) => {
  const { ip, port, service, server, bring } = await postOffice(t, healthy)
  const first = await resultOf(await service.post({ ip, port }))
  const { message } = taken(server)
  const [, sender = ''] = /^From: <(.*)>$/.exec(message.find((line) => line.startsWith('From:')) ?? '') ?? []
  await bring(sender, ['Subject: Undeliverable', '', ...message], '')
  const amended = await until('the amendment', async () => {
    const now = await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200)
    return now.amendedAt !== null && now
  })
  assert.deepEqual([amended.verdict, amended.reason], ['inconclusive', 'accepted-then-bounced'])
})

test('after a restart, late mail is asked to come later, not refused for ever', async (t) => {
  const { ip, port, service, server, mailboxPort, bring } = await postOffice(t, healthy)
  await resultOf(await service.post({ ip, port }))
  const { recipient } = taken(server)
  await service.stop()
  await startService(t, { env: { MAILBOX_LISTEN: `127.0.0.1:${mailboxPort}`, ALLOWED_PORTS: `${port}` } })
  const replies = await bring(recipient, ['', 'late']).catch((error: Error) => error.message)
  assert.match(`${replies}`, /451 4\.3\.0 no such test address now, try again later/)
})

test('a test that sends nothing is settled when it is finished', async (t) => {
  const closed: Say = (line) => (line.startsWith('RCPT') ? '554 5.7.1 Relay access denied' : healthy(line))
  const { ip, port, service } = await postOffice(t, closed)
  const result = await resultOf(await service.post({ ip, port }))
  assert.equal(result.proof, 'delivery', 'the default where there is a mailbox')
  assert.equal(result.settledAt, result.finishedAt)
  const weaker = await resultOf(await service.post({ ip, port, proof: 'message' }))
  assert.equal(weaker.proof, 'message')
})

test('a result is settled an hour before it expires, or a day after its test', async (t) => {
  const amendable = async (env: Record<string, string>) => {
    const { ip, port, service, ...office } = await postOffice(t, healthy, env)
    const first = await resultOf(await service.post({ ip, port }))
    const ms = Date.parse(first.settledAt ?? '') - Date.parse(first.finishedAt ?? '')
    return { ms, first, service, ...office }
  }
  assert.equal((await amendable({})).ms, 24 * 3_600_000)
  assert.equal((await amendable({ RESULT_TTL_SECONDS: '7200' })).ms, 3_600_000)
  const { ms, first, service, server, bring } = await amendable({ RESULT_TTL_SECONDS: '60' })
  assert.equal(ms, 0)
  const { recipient, message } = taken(server)
  // The mailbox no longer knows the recipient, and disconnects a client that sends more.
  await bring(recipient, message).catch(() => {})
  assert.deepEqual(await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200), first)
})

test('a service without a mailbox refuses the proof delivery', async (t) => {
  const service = await startService(t)
  const problem = await problemIn(await service.post({ ip: '127.0.0.1', proof: 'delivery' }), 'proof-unavailable')
  assert.equal(problem.errors?.[0]?.pointer, '/proof')
})
