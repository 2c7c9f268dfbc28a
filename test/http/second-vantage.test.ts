/** A second vantage that goes on with a test, at servers that treat two source addresses differently. */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { vantageList } from '../../src/contract/vantages.ts'
import { eventsOf, follow } from '../harness/events.ts'
import { folderOf, writeYaml } from '../harness/files.ts'
import { leftOf, resultOf } from '../harness/http.ts'
import { closed, deadPort, open } from '../harness/mail-scripts.ts'
import { healthy, type Say, type ScriptedSession, scriptedServer } from '../harness/mail-server.ts'
import { conforms } from '../harness/openapi.ts'
import { taken } from '../harness/post-office.ts'
import { proxyFrom } from '../harness/proxy.ts'
import { rejudge } from '../harness/rejudge.ts'
import { CUSTOMERS, configFolder, KEYS, startService, type TestService } from '../harness/service.ts'
import { until } from '../harness/waiting.ts'
import { dialogue } from '../lab/dialogue.ts'

/** The vantages, in the order of the file, and where their connections come from. */
const SYD = { name: 'syd-1', ip: '198.51.100.7', from: '127.0.0.11', ehlo: 'syd.isp.example' }
const MEL = { name: 'mel-1', ip: '203.0.113.7', from: '127.0.0.12', ehlo: 'mel.isp.example' }
const TARGET = '127.0.0.1'

/** How a server treats one vantage: its replies, and whether it ends a new connection at once. */
interface Treatment {
  readonly say: Say
  readonly hangsUp?: (session: ScriptedSession) => boolean
}

const isFrom = ({ from }: typeof SYD, { socket }: ScriptedSession): boolean => socket.remoteAddress === from

/** Refuses recipients, because our address is on a block list. */
const listed: Say = (line, session) =>
  /^RCPT/i.test(line)
    ? '554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org'
    : plain(line, session)
/** Refuses outside recipients in unknown words, and unknown mailboxes in other words. */
const odd: Say = (line, session) => {
  if (/^RCPT TO:<postmaster@/i.test(line)) return '250 2.1.5 Ok'
  if (/^RCPT TO:<[^@%]*@example\.com>/i.test(line)) return '550 5.1.1 User unknown'
  return /^RCPT/i.test(line) ? '550 Not here, sorry' : plain(line, session)
}
const plain: Say = (line) => (/^EHLO/i.test(line) ? '250 mail.example.com' : healthy(line))
/** Refuses to relay, and accepts postmaster. */
const denying: Say = (line, session) => (/^RCPT TO:<postmaster@/i.test(line) ? '250 2.1.5 Ok' : closed(line, session))
const silent: Treatment = { say: closed, hangsUp: () => true }
/** Refuses relaying once, then hangs up and takes no further connection. */
function banning(): Treatment {
  let refusals = 0
  return {
    hangsUp: () => refusals > 1,
    say(line, session) {
      if (!/^RCPT/i.test(line)) return closed(line, session)
      refusals += 1
      if (refusals === 1) return closed(line, session)
      session.socket.destroy()
      return null
    },
  }
}

interface Place {
  readonly env?: Readonly<Record<string, string>>
  /** Replaces the port of a vantage's proxy. */
  readonly melPort?: number
}

/** Starts a service with two vantages, and a server that treats each of them in its own way. */
async function twoVantages(t: TestContext, syd: Treatment, mel: Treatment, { env = {}, melPort }: Place = {}) {
  const treatmentOf = (session: ScriptedSession) => (isFrom(SYD, session) ? syd : mel)
  const server = await scriptedServer(t, {
    greeting(session) {
      if (!treatmentOf(session).hangsUp?.(session)) return '220 mail.example.com ESMTP'
      session.socket.destroy()
      return null
    },
    say: (line, session) => treatmentOf(session).say(line, session),
  })
  const proxies = await Promise.all([SYD, MEL].map(({ from }) => proxyFrom(t, from)))
  const ports = [proxies[0]?.port, melPort ?? proxies[1]?.port]
  const entries = [SYD, MEL].map(
    ({ name, ip, ehlo }, index) =>
      `  - { name: ${name}, ehlo: ${ehlo}, publicIps: [${ip}], proxy: "socks5://127.0.0.1:${ports[index]}" }\n`,
  )
  const file = join(configFolder(t), 'vantages.yaml')
  writeYaml(file, `vantages:\n${entries.join('')}`)
  const service = await startService(t, { env: { ALLOWED_PORTS: `${server.port}`, VANTAGES_FILE: file, ...env } })
  const post = (body: object = {}, headers: Record<string, string> = {}) =>
    service.post({ ip: TARGET, port: server.port, proof: 'message', ...body }, headers)
  const ask = async (body: object = {}) => resultOf(await post(body))
  const from = (vantage: typeof SYD) => server.sessions.filter((session) => heardFrom(session, vantage)).length
  return { server, service, post, ask, from, file, entries }
}

/** Whether a session came from a vantage. EHLO shows it too, because a closed socket has no address. */
const heardFrom = ({ bytes, socket }: ScriptedSession, { ehlo, from }: typeof SYD): boolean =>
  bytes.includes(`EHLO ${ehlo}`) || socket.remoteAddress === from

const auditOf = (service: TestService, kind: string) => service.logs().filter(({ audit }) => audit === kind)

/** Returns the verdict with its reason or cause, and the caveat that two vantages can show. */
const outcomeOf = ({ verdict, reason, cause, caveats }: RelayTest) =>
  [verdict, reason ?? cause, caveats.find((one) => one === 'treats-vantages-differently')].filter(Boolean).join(' ')

/** Asserts that each attempt and each line names its vantage, and that the first vantage comes first. */
function namesBoth({ attempts, transcript, vantage, secondVantage }: RelayTest): void {
  assert.deepEqual([vantage.name, vantage.ip, vantage.ehlo], [SYD.name, SYD.ip, SYD.ehlo])
  assert.deepEqual([secondVantage?.name, secondVantage?.ip, secondVantage?.ehlo], [MEL.name, MEL.ip, MEL.ehlo])
  for (const rows of [attempts, transcript] as const) {
    const names = rows.map(({ vantage: name }) => name)
    assert.deepEqual([...new Set(names)], [SYD.name, MEL.name])
    assert.deepEqual(names, names.toSorted().reverse(), 'the second vantage comes after the first one')
  }
  const last = (name: string) => transcript.filter((line) => line.vantage === name).map(({ connection }) => connection)
  assert.ok(Math.max(...last(SYD.name)) < Math.min(...last(MEL.name)), 'the numbers of connections continue')
  for (const { connection, vantage: name } of attempts) {
    if (connection !== null && name !== null) assert.ok(last(name).includes(connection))
  }
}

test('a server that lists one address and refuses to relay for the other is closed, with a caveat', async (t) => {
  const { service, ask, post, server } = await twoVantages(t, { say: listed }, { say: denying })
  const before = await leftOf(service, 'tests-caller', KEYS.partner)
  const result = await ask()
  assert.equal(outcomeOf(result), 'closed treats-vantages-differently')
  namesBoth(result)
  assert.equal(
    result.summary,
    'The server does not relay. It refused every attempt to relay. This answer is from our vantage mel-1 (203.0.113.7). Our first one, syd-1 (198.51.100.7), got no clear answer.',
  )
  for (const { key, vantage } of result.transcript) if (key) assert.equal(vantage, 'mel-1', 'it decided')
  assert.ok(result.transcript.some(({ key }) => key))
  assert.deepEqual(
    server.lines.filter((line) => line.startsWith('EHLO')),
    [`EHLO ${SYD.ehlo}`, `EHLO ${MEL.ehlo}`],
  )
  assert.equal(before - (await leftOf(service, 'tests-caller', KEYS.partner)), 1, 'one test for the quotas')

  const intents = auditOf(service, 'intent')
  assert.deepEqual(
    intents.map(({ vantage, id }) => [vantage, id]),
    [SYD, MEL].map(({ name }) => [name, result.id]),
  )
  const [line, ...more] = auditOf(service, 'result')
  assert.deepEqual([line?.vantage, line?.secondVantage, line?.verdict, more], ['syd-1', 'mel-1', 'closed', []])
  assert.equal(line?.connections, 2)

  const text = await (await service.fetch(`/relay-tests/${result.id}`, { headers: { accept: 'text/plain' } })).text()
  assert.match(text, /tested from syd-1 \(198\.51\.100\.7\), then from mel-1 \(203\.0\.113\.7\)/)
  assert.match(text, /^From syd-1\noutside-sender +refused +blocklisted.*\n(.*\n)+From mel-1\noutside-sender /m)
  assert.match(text, /^-- the test goes on from the vantage mel-1$/m)

  const response = await post({}, { accept: 'text/event-stream' })
  const events = await follow(eventsOf(response)).ended
  const lines = events.flatMap((event) => (event.event === 'line' ? [event.data] : []))
  const moved = lines.findIndex(({ line: said }) => said === 'the test goes on from the vantage mel-1')
  assert.deepEqual([...new Set(lines.slice(0, moved).map(({ vantage }) => vantage))], [null])
  assert.deepEqual([...new Set(lines.slice(moved).map(({ vantage }) => vantage))], ['mel-1'])
  assert.deepEqual(
    lines.map(({ index }) => index),
    [...lines.keys()],
  )
  const attempts = events.flatMap((event) => (event.event === 'attempt' ? [event.data] : []))
  assert.ok(
    attempts.some(({ form, vantage, outcome }) => form === 'outside-sender' && !vantage && outcome === 'refused'),
  )
  assert.ok(attempts.some(({ form, vantage }) => form === 'outside-sender' && vantage === 'mel-1'))
})

test('an answer with two vantages conforms to openapi.json', async (t) => {
  const { post } = await twoVantages(t, { say: listed }, { say: denying })
  await conforms('post /relay-tests', await post(), 201)
})

const SETTLED: readonly (readonly [what: string, syd: Treatment, mel: Treatment, outcome: string])[] = [
  [
    'a ban after the first refusal at the first vantage',
    banning(),
    { say: denying },
    'closed treats-vantages-differently',
  ],
  ['silence at the first vantage', silent, { say: denying }, 'closed treats-vantages-differently'],
  ['an open relay for the second vantage', { say: listed }, { say: open }, 'open everyone'],
  ['silence at the first vantage, an open relay for the second', silent, { say: open }, 'open everyone'],
  ['unknown words at both', { say: odd }, { say: odd }, 'closed'],
  ['unknown words at the first vantage', { say: odd }, { say: denying }, 'closed treats-vantages-differently'],
  ['a block list at both', { say: listed }, { say: listed }, 'inconclusive vantage-blocked'],
  ['silence at the first vantage, a block list at the second', silent, { say: listed }, 'inconclusive vantage-blocked'],
  ['a block list at the first vantage, silence at the second', { say: listed }, silent, 'inconclusive vantage-blocked'],
]

for (const [what, syd, mel, outcome] of SETTLED) {
  test(`${what}: ${outcome}`, async (t) => {
    const { ask } = await twoVantages(t, syd, mel)
    const result = await ask()
    assert.equal(outcomeOf(result), outcome)
    namesBoth(result)
    const { verdict, reason, cause } = rejudge(result)
    assert.deepEqual(
      { verdict, reason, cause },
      { verdict: result.verdict, reason: result.reason, cause: result.cause },
    )
  })
}

const ALONE: readonly (readonly [what: string, syd: Treatment, body: object, outcome: string])[] = [
  ['a closed server', { say: denying }, {}, 'closed'],
  ['an open server', { say: open }, {}, 'open everyone'],
  ['a named vantage', { say: listed }, { vantage: 'syd-1' }, 'inconclusive vantage-blocked'],
]

for (const [what, syd, body, outcome] of ALONE) {
  test(`${what}: no second vantage is used`, async (t) => {
    const { ask, service, from } = await twoVantages(t, syd, { say: denying })
    const result = await ask(body)
    assert.equal(outcomeOf(result), outcome)
    assert.equal(result.secondVantage, null)
    for (const { vantage } of [...result.attempts, ...result.transcript]) assert.equal(vantage, null)
    assert.equal(auditOf(service, 'intent').length, 1)
    assert.equal(from(MEL), 0)
  })
}

test('a second vantage that is down is not used', async (t) => {
  const { ask, service } = await twoVantages(t, { say: listed }, { say: denying }, { melPort: await deadPort() })
  await until('the check', async () => {
    const { vantages } = vantageList.parse(await (await service.fetch('/vantages')).json())
    return vantages.some(({ name, state }) => name === 'mel-1' && state === 'down')
  })
  const result = await ask()
  assert.deepEqual([outcomeOf(result), result.secondVantage], ['inconclusive vantage-blocked', null])
  assert.equal(auditOf(service, 'intent').length, 1)
})

test('no second run begins shortly before the deadline', async (t) => {
  const { ask, from } = await twoVantages(t, { say: listed }, { say: denying }, { env: { TEST_DEADLINE_MS: '5000' } })
  const result = await ask()
  assert.deepEqual([outcomeOf(result), result.secondVantage], ['inconclusive vantage-blocked', null])
  assert.equal(from(MEL), 0)
})

/** Holds back the first reply to RCPT until `release` is called. */
function gate(say: Say) {
  let hold: (session: ScriptedSession) => void = () => {}
  const held = new Promise<ScriptedSession>((resolve) => {
    hold = resolve
  })
  let text = ''
  const holding: Say = (line, session) => {
    if (!/^RCPT/i.test(line) || text !== '') return say(line, session)
    text = [say(line, session) ?? []].flat().join('\r\n')
    hold(session)
    return null
  }
  return {
    say: holding,
    held,
    release: (session: ScriptedSession) => session.socket.write(`${text}\r\n`),
  }
}

test('if the operator stops the second run, the first answer stays', async (t) => {
  const second = gate(denying)
  const { service, post } = await twoVantages(t, { say: listed }, { say: second.say })
  const { id } = await resultOf(await post({}, { prefer: 'respond-async' }), 202)
  const session = await second.held
  writeYaml(join(service.folder, 'customers.yaml'), `testing: false\n${CUSTOMERS}`)
  const line = await until('the end', () => auditOf(service, 'result')[0])
  assert.equal(line.withdrawn, 'the operator of this service has switched testing off')
  second.release(session)
  const result = await resultOf(await service.fetch(`/relay-tests/${id}`), 200)
  assert.equal(outcomeOf(result), 'inconclusive vantage-blocked')
  assert.equal(result.attempts.find(({ vantage }) => vantage === 'mel-1')?.why, 'interrupted')
})

test('a test is stopped when its second vantage is no longer there', async (t) => {
  const second = gate(denying)
  const { service, post, file, entries } = await twoVantages(t, { say: listed }, { say: second.say })
  await post({}, { prefer: 'respond-async' })
  await second.held
  writeYaml(file, `vantages:\n${entries[0]}`)
  const line = await until('the end', () => auditOf(service, 'result')[0])
  assert.match(`${line.withdrawn}`, /there is no vantage mel-1/)
})

test('if its audit line cannot be written, the second vantage does not dial', async (t) => {
  const first = gate(listed)
  const file = join(folderOf(t), 'audit.log')
  const { service, post, from } = await twoVantages(
    t,
    { say: first.say },
    { say: denying },
    { env: { AUDIT_FILE: file } },
  )
  const answer = post()
  const session = await first.held
  rmSync(file)
  // Not even root writes a line into a folder.
  mkdirSync(file)
  first.release(session)
  const result = await resultOf(await answer)
  assert.deepEqual([outcomeOf(result), result.secondVantage, from(MEL)], ['inconclusive vantage-blocked', null, 0])
  assert.ok(service.logs().some(({ msg }) => msg === 'the audit log cannot be written'))
})

test('a late message of the second run amends the result', async (t) => {
  const mailbox = await deadPort()
  const env = { MAILBOX_LISTEN: `127.0.0.1:${mailbox}`, DELIVERY_WAIT_MS: '300' }
  const { service, ask, server } = await twoVantages(t, { say: listed }, { say: open }, { env })
  const first = await ask({ proof: 'delivery' })
  assert.deepEqual([outcomeOf(first), first.evidence], ['open everyone', 'message-accepted'])
  namesBoth(first)
  const { recipient, message } = taken(server)
  await dialogue({ host: '127.0.0.1', port: mailbox, from: '127.0.0.1' }, [
    'EHLO mail.example.com',
    'MAIL FROM:<someone@example.org>',
    `RCPT TO:<${recipient}>`,
    'DATA',
    [...message, '.'].join('\r\n'),
    'QUIT',
  ])
  const amended = await until('the amendment', async () => {
    const now = await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200)
    return now.amendedAt !== null && now
  })
  assert.deepEqual([outcomeOf(amended), amended.evidence], ['open everyone', 'delivered'])
  assert.equal(amended.delivery?.form, 'outside-sender')
  const delivered = amended.attempts.filter(({ evidence }) => evidence === 'delivered')
  assert.deepEqual(
    delivered.map(({ form, vantage }) => [form, vantage]),
    [['outside-sender', 'mel-1']],
  )
  namesBoth(amended)
})

test('after a follow-up, every line still names the vantage that its connection came from', async (t) => {
  let isOver = false
  const syd = { say: denying, hangsUp: () => !isOver }
  const { service, post } = await twoVantages(t, syd, silent, { env: { FOLLOW_UPS: '1s,1s,1s' } })
  const made = await resultOf(await post({}, { prefer: 'respond-async' }), 202)
  const read = async () => resultOf(await service.fetch(`/relay-tests/${made.id}`), 200)
  const first = await until('the first visit', async () => {
    const now = await read()
    return now.status === 'finished' && now
  })
  assert.equal(first.secondVantage?.name, MEL.name)
  isOver = true
  const last = await until('the answer', async () => {
    const now = await read()
    return now.followUpAt === null && now
  })
  assert.equal(last.verdict, 'closed')
  const namesIn = ({ transcript }: RelayTest) => transcript.map(({ vantage, line }) => `${vantage}: ${line}`)
  assert.deepEqual(namesIn(last).slice(0, first.transcript.length), namesIn(first))
  const said = last.transcript.filter(({ from }) => from === 'server').map(({ vantage }) => vantage)
  assert.deepEqual([...new Set(said)], [SYD.name])
})
