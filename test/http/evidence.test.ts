/** Attacks on the evidence: each tried to make a verdict out of nothing, or to read a secret out of an answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayTest } from '../../src/contract/relay-test.ts'
import { leaksOf, WRITINGS } from '../harness/echoes.ts'
import { resultOf } from '../harness/http.ts'
import { healthy, type Say, type ScriptedSession } from '../harness/mail-server.ts'
import { postOffice, taken } from '../harness/post-office.ts'
import { connectTo } from '../mailbox/client.ts'

/** Relays nothing, but takes the percent hack, as a catch-all does. */
const takesPercent: Say = (line) =>
  line.startsWith('RCPT') && !line.includes('%') ? '554 5.7.1 Relay access denied' : healthy(line)

for (const [name, say, verdict] of [
  ['a server that may be open', takesPercent, 'inconclusive'],
  ['an open server', healthy, 'open'],
] as const) {
  test(`mail without a secret to the sender address changes nothing about ${name}`, async (t) => {
    const { ip, port, service, server, bring } = await postOffice(t, say, { TEST_DEADLINE_MS: '6000' })
    const first = await resultOf(await service.post({ ip, port }))
    assert.equal(first.verdict, verdict)
    const { sender, message } = taken(server)
    const own = message.filter((line) => !/^(X-Relay-Test|Proof):/.test(line))
    for (const from of ['', 'MAILER-DAEMON@mail.example.com']) {
      for (const text of [
        ['Subject: hello', '', 'hello'],
        ['Subject: Undeliverable', '', 'Sorry.', ...own],
      ]) {
        assert.match((await bring(sender, text, from)).at(-2) ?? '', /^250 /, 'it is taken all the same')
      }
    }
    const counted = await (await fetch(service.metricsUrl)).text()
    assert.match(counted, /mailbox_arrivals_total\{kind="ignored"\} 4/)
    assert.deepEqual(await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200), first)
  })
}

test('a server that repeats the Message-ID gives nothing away that proves a delivery', async (t) => {
  const say: Say = (line, { message }) =>
    line === '.'
      ? `250 2.6.0 ${message.find((field) => field.startsWith('Message-ID'))?.slice(12)} Queued`
      : healthy(line)
  const { ip, port, service, server, bring } = await postOffice(t, say)
  const first = await resultOf(await service.post({ ip, port }))
  const shown = first.transcript.find(({ line }) => line.includes('Queued'))?.line ?? ''
  const [, id = ''] = /<([^@>]+)@/.exec(shown) ?? []
  assert.match(id, /^[0-9a-f-]{36}$/, 'the id is public')
  const { recipient } = taken(server)
  await bring(recipient, [`Message-ID: <${id}@relaytest.isp.example>`, `X-Relay-Test: ${id}`, '', `Proof: ${id}`])
  assert.deepEqual(await resultOf(await service.fetch(`/relay-tests/${first.id}`), 200), first)
})

test('a server that verifies our sender under a name of its own is told that it exists', async (t) => {
  let answers: string[] = []
  const office = await postOffice(t, { say: (line) => (line.startsWith('RCPT') ? verify() : healthy(line)) })
  const verify = async () => {
    const sender = office.server.lines.find((line) => line.startsWith('MAIL FROM:<')) ?? ''
    const client = await connectTo(office.mailboxPort)
    await client.reply()
    await client.say('EHLO mail.example.com')
    const mail = await client.say('MAIL FROM:<double-bounce@mail.example.com>')
    answers = [mail, await client.say(sender.replace('MAIL FROM', 'RCPT TO'))]
    client.leave()
    return '554 5.7.1 Relay access denied'
  }
  const result = await resultOf(await office.service.post({ ip: office.ip, port: office.port }))
  assert.deepEqual(
    answers.map((answer) => answer.slice(0, 3)),
    ['250', '250'],
  )
  assert.equal(result.verdict, 'closed')
})

const secretsIn = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => /^(?:X-Relay-Test|Proof): ([a-z2-7]{26})$/.exec(line)?.[1] ?? [])

/** Puts secrets before a reply, in one writing: each on one line, and once more over several lines. */
function repeating(usual: string | readonly string[], secrets: readonly string[], write: (text: string) => string) {
  const lines = [usual].flat()
  const texts = secrets.flatMap((secret) => {
    const text = write(secret).replace(/[\r\n]/g, ' ')
    return [`<${text}>`, ...(text.match(/.{1,7}/g) ?? [])]
  })
  return [...texts.slice(0, 90).map((text) => `${lines[0]?.slice(0, 3)}-2.0.0 ${text}`), ...lines]
}

for (const dot of ['250 2.0.0 Ok', '451 4.3.0 Later', '421 4.3.0 Later', '554 5.6.0 No']) {
  test(`no output shows eight characters of a secret, whatever a server repeats (${dot})`, async (t) => {
    let write = (text: string) => text
    let begin = 0
    const sent = (): string[] => secretsIn(office.server.lines.slice(begin))
    const office = await postOffice(
      t,
      {
        greeting: () => repeating('220 mail.example.com ESMTP', sent().slice(-2), write),
        say: (line) => {
          const reply = line === '.' ? dot : healthy(line)
          return line === 'DATA' ? reply : repeating(reply, sent().slice(-2), write)
        },
      },
      { DELIVERY_WAIT_MS: '0' },
    )
    const { ip, port, service, server } = office
    // Every writing with the usual reply, and some of them with the others, after which more sessions follow.
    const writings = Object.entries(WRITINGS).filter((_writing, at) => dot.startsWith('250') || at % 4 === 0)
    for (const [name, written] of writings) {
      write = written
      begin = server.lines.length
      const logged = service.output.length
      const stream = await (await service.post({ ip, port }, { accept: 'text/event-stream' })).text()
      const secrets = sent()
      assert.ok(secrets.length >= 2, name)
      assert.match(stream, /\[withheld\]/, name)
      const [, id = ''] = /"id":"([^"]+)"/.exec(stream) ?? []
      const json = await (await service.fetch(`/relay-tests/${id}`)).text()
      const text = await (await service.fetch(`/relay-tests/${id}`, { headers: { accept: 'text/plain' } })).text()
      const { transcript } = relayTest.parse(JSON.parse(json))
      const said = transcript.filter(({ from }) => from === 'server').map(({ line }) => line.slice(10))
      const log = service.output.slice(logged)
      for (const output of [stream, json, text, said.join(''), said.join('\n'), ...log]) {
        assert.deepEqual(leaksOf(secrets, output), [], `${name}: ${output.slice(0, 3_000)}`)
      }
    }
  })
}

/** Refuses what is not its own, takes every local part there, and turns user%outside into user@outside. */
const rewriting =
  (bring: (recipient: string, session: ScriptedSession) => void): Say =>
  (line, session) => {
    const [, outside] = /^RCPT TO:<(.*)%relaytest\.isp\.example@/.exec(line) ?? []
    if (outside !== undefined) recipients.set(session, `${outside}@relaytest.isp.example`)
    if (line === '.') bring(recipients.get(session) ?? '', session)
    return line.startsWith('RCPT') && !/%|@example\.com>/.test(line) ? '554 5.7.1 Relay access denied' : healthy(line)
  }

const recipients = new WeakMap<ScriptedSession, string>()

test('sixty tests at once, whose servers deliver through one smarthost, are all open', async (t) => {
  const hosts = Array.from({ length: 60 }, (_, index) => `127.0.0.${index + 2}`)
  const bring = (recipient: string, { message }: ScriptedSession) => void office.bring(recipient, message)
  const office = await postOffice(
    t,
    rewriting(bring),
    { DELIVERY_WAIT_MS: '60000', TEST_DEADLINE_MS: '120000', MAX_CONCURRENT_TESTS: '1000' },
    { hosts },
  )
  const asked = hosts.map(async (ip) => {
    const { verdict, evidence } = await resultOf(await office.service.post({ ip, port: office.port }))
    return `${verdict} ${evidence}`
  })
  assert.deepEqual(await Promise.all(asked), Array(60).fill('open delivered'))
})

/** A report that the server brings about the message that it accepted: its lines before the returned copy. */
const reporting =
  (subject: string, lines: readonly string[]) =>
  (message: readonly string[]): string[] => [
    'From: MAILER-DAEMON@mail.example.com',
    `Subject: ${subject}`,
    '',
    ...lines,
    ...message,
  ]

const UNDELIVERED = 'Undelivered Mail Returned to Sender'

for (const [name, report, expected] of [
  [
    'a foreign host refused the message',
    reporting(UNDELIVERED, ['host mx.isp.example[192.0.2.9] said: 554 5.7.1 Relay access denied', '']),
    'open everyone',
  ],
  [
    'the host of our domain was not found',
    reporting('failure notice', ["Sorry, I couldn't find any host named relaytest.isp.example. (#5.1.2)", '']),
    'open everyone',
  ],
  [
    'a server behind it refused the message',
    reporting(UNDELIVERED, ['host exchange.local[10.0.0.5] said: 550 5.7.1 Unable to relay', '']),
    'inconclusive accepted-then-bounced',
  ],
  [
    'it refused the message itself',
    reporting(UNDELIVERED, ["Remote Server returned '550 5.7.1 RESOLVER.RST.AuthRequired'", '']),
    'inconclusive accepted-then-bounced',
  ],
  [
    'somebody is on vacation',
    reporting('Re: Mail relay test', ['I cannot be reached until Monday.', '']),
    'open everyone',
  ],
  ['the message is late', reporting('Delivery status', ['We will keep trying for 5 days.', '']), 'open everyone'],
] as const) {
  test(`a server takes our message and then writes that ${name}: ${expected}`, async (t) => {
    const say: Say = (line) => {
      if (line === '.') {
        const { sender, message } = taken(office.server)
        void office.bring(sender, report(message), '')
      }
      return healthy(line)
    }
    const office = await postOffice(t, say, { DELIVERY_WAIT_MS: '1500' })
    const { ip, port, service } = office
    const { verdict, reason, cause } = await resultOf(await service.post({ ip, port, domain: 'example.com' }))
    assert.equal(`${verdict} ${reason ?? cause}`, expected)
  })
}

test('a catch-all that passes our message on with another body is not closed', async (t) => {
  const say: Say = (line, session) => {
    if (line === '.') {
      const { recipient, message } = taken(office.server)
      const body = ['-----BEGIN PGP MESSAGE-----', 'hQEMA1234', '-----END PGP MESSAGE-----']
      void office.bring(recipient.replace('%relaytest.isp.example@example.com', '@relaytest.isp.example'), [
        ...message.slice(0, message.indexOf('') + 1),
        ...body,
      ])
    }
    return catchAll(line, session)
  }
  const catchAll = rewriting(() => {})
  const office = await postOffice(t, say, { DELIVERY_WAIT_MS: '1500' })
  const { ip, port, service } = office
  const { verdict, reason } = await resultOf(await service.post({ ip, port, domain: 'example.com' }))
  assert.deepEqual([verdict, reason], ['inconclusive', 'ambiguous-accepted'])
})

test('a stranger who is turned away at our mailbox makes no test doubt its silence', async (t) => {
  const catchAll = rewriting(() => {})
  const say: Say = (line, session) => {
    if (line === '.') void guess()
    return catchAll(line, session)
  }
  const office = await postOffice(t, say, { DELIVERY_WAIT_MS: '2000' })
  let last = ''
  const guess = async () => {
    const client = await connectTo(office.mailboxPort)
    await client.reply()
    await client.say('EHLO stranger.example')
    await client.say('MAIL FROM:<a@stranger.example>')
    for (let turn = 0; turn < 21; turn += 1) last = await client.say(`RCPT TO:<x${turn}@relaytest.isp.example>`)
  }
  const { verdict } = await resultOf(
    await office.service.post({ ip: office.ip, port: office.port, domain: 'example.com' }),
  )
  assert.deepEqual([last.slice(0, 3), verdict], ['421', 'closed'])
})
