/** Our own mailbox on a real socket: what it accepts, and what it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSecret } from '../../src/mailbox/secret.ts'
import { FORMS } from '../../src/relay/forms.ts'
import { inTime, until } from '../harness/waiting.ts'
import {
  CONTACT,
  DOMAIN,
  deliver,
  RECIPIENT,
  SECOND,
  SENDER,
  STEERED,
  STEERED_DOMAIN,
  type TestMailbox,
  testMailbox,
} from './mailbox.ts'

const UNKNOWN = '550 5.1.1 no such test address'
const TAKEN = '250 2.1.5 Accepted'

const at = (local: string): string => `${local}@${DOMAIN}`

test('the greeting and EHLO name the domain, the address that is seen and the size, and offer neither AUTH nor STARTTLS', async (t) => {
  const { connect } = await testMailbox(t)
  const client = await connect()
  assert.equal(await client.reply(), `220 ${DOMAIN} ESMTP`)
  const extensions = ['PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES', 'SIZE']
  const hello = `${DOMAIN} sees [127.0.0.1]`
  const lines = [hello, ...extensions].map((text, line) => `250${line === extensions.length ? ' ' : '-'}${text}`)
  assert.equal(await client.say('EHLO mx.example.net'), lines.join('\n'))
  for (const command of ['AUTH PLAIN AGEAYg==', 'STARTTLS', 'WIZ x', 'XCLIENT ADDR=203.0.113.1']) {
    assert.match(await client.say(command), /^500 /, command)
  }
})

test('a message to a recipient token arrives from any sender', async (t) => {
  for (const from of ['a@sender.example', '', 'root@no_host', 'user.@ilo.example', at(SENDER)]) {
    const { arrivals, logged, greeted } = await testMailbox(t)
    const secret = makeSecret()
    const before = Date.now()
    const message = `Received: from vantage\n\tby target.example\nSubject: test\n\n${secret}`
    const replies = await deliver(await greeted(), { from, to: [at(RECIPIENT)], message })
    assert.deepEqual(
      replies.map((reply) => reply.slice(0, 3)),
      ['250', '250', '354', '250'],
    )
    const [{ receivedAt, ...arrival } = { receivedAt: new Date(0) }, ...more] = arrivals
    assert.deepEqual(arrival, {
      token: RECIPIENT,
      kind: 'message',
      peer: '127.0.0.1',
      helo: 'mx.example.net',
      mailFrom: from,
      secrets: [secret],
      received: ['from vantage by target.example'],
      report: null,
    })
    assert.ok(receivedAt.getTime() >= before && receivedAt.getTime() <= Date.now())
    assert.deepEqual(more, [])
    assert.deepEqual(logged, [])
  }
})

test('addresses are read without regard to case, and the source route before one is ignored', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  for (const address of [`${RECIPIENT.toUpperCase()}@${DOMAIN.toUpperCase()}`, `@target.example:${at(RECIPIENT)}`]) {
    assert.equal((await deliver(client, { from: 'a@b.example', to: [address], message: '' }))[1], TAKEN)
  }
  assert.deepEqual(
    arrivals.map(({ token }) => token),
    [RECIPIENT, RECIPIENT],
  )
})

test('the domain may be an international one', async (t) => {
  const { greeted } = await testMailbox(t, { domain: 'xn--bcher-kva.example' })
  const client = await greeted()
  await client.say('MAIL FROM:<>')
  assert.equal(await client.say(`RCPT TO:<${RECIPIENT}@xn--bcher-kva.example>`), TAKEN)
  assert.equal(await client.say(`RCPT TO:<${RECIPIENT}@bcher.example>`), UNKNOWN)
})

test('a sender callout is told that the sender token exists, and is no arrival', async (t) => {
  const { arrivals, logged, greeted, close } = await testMailbox(t)
  const client = await greeted()
  await client.say('MAIL FROM:<>')
  assert.equal(await client.say(`RCPT TO:<${at(SENDER)}>`), TAKEN)
  assert.match(await client.say('QUIT'), /^221 /)
  await client.hungUp()
  await close()
  assert.deepEqual(arrivals, [])
  assert.deepEqual(logged, [])
})

test('a sender token takes mail from any sender, as servers verify ours under any name', async (t) => {
  const { logged, greeted } = await testMailbox(t)
  const client = await greeted()
  for (const sender of [
    '<>',
    '<double-bounce@mail.example.com>',
    '<MAILER-DAEMON@mail.example.com>',
    '<root>',
    '<a@b@c.example>',
    '<"a b"@c.example>',
    'a@sender.example',
    '<@route.example:a@sender.example>',
    '<a@sender.example> SIZE=1000000 BODY=8BITMIME',
  ]) {
    assert.match(await client.say(`MAIL FROM:${sender}`), /^250 /, sender)
    assert.equal(await client.say(`RCPT TO:<${at(SENDER)}>`), TAKEN, sender)
    await client.say('RSET')
  }
  assert.deepEqual(logged, [])
})

test('each plain recipient of the catalogue is taken exactly as it is written on the wire, in any case', async (t) => {
  const { greeted } = await testMailbox(t)
  const client = await greeted()
  const names = {
    sender: at(SENDER),
    recipient: at(RECIPIENT),
    domain: 'own.example',
    host: 'mx.own.example',
    mailbox: null,
    steered: `${STEERED}@${STEERED_DOMAIN}`,
  }
  const spelled = FORMS.filter(({ recipient }) => recipient.kind === 'plain').map((form) => {
    const address = form.recipient.spell({ ...names, literal: '[203.0.113.25]' })
    return form.recipient.bare ? address : `<${address}>`
  })
  assert.ok(spelled.includes(at(RECIPIENT)) && spelled.includes(`<${at(RECIPIENT)}.>`))
  for (const path of new Set(spelled.flatMap((one) => [one, one.toUpperCase(), one.replace('<', '<@a.example:')]))) {
    await client.say('MAIL FROM:<a@sender.example>')
    assert.equal(await client.say(`RCPT TO:${path}`), TAKEN, path)
    await client.say('RSET')
  }
})

test('a name of our zone takes the recipient of its form, and nothing else', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  const steered = `${STEERED}@${STEERED_DOMAIN}`
  for (const address of [steered, steered.toUpperCase(), `${steered}.`, `@mail.example.com:${steered}`]) {
    await client.say('MAIL FROM:<a@sender.example>')
    assert.equal(await client.say(`RCPT TO:<${address}>`), TAKEN, address)
    await client.say('RSET')
  }
  for (const address of [
    `${RECIPIENT}@${STEERED_DOMAIN}`,
    `${SENDER}@${STEERED_DOMAIN}`,
    `postmaster@${STEERED_DOMAIN}`,
    `${STEERED}@other.mail.example.com.steer.isp.example`,
    `${STEERED}@x.${STEERED_DOMAIN}`,
    `${STEERED}@steer.isp.example`,
    at(STEERED),
    `x@${STEERED_DOMAIN}`,
  ]) {
    await client.say('MAIL FROM:<a@sender.example>')
    assert.equal(await client.say(`RCPT TO:<${address}>`), UNKNOWN, address)
    await client.say('RSET')
  }
  const message = makeSecret()
  await deliver(client, { from: 'a@sender.example', to: [steered], message })
  assert.deepEqual(
    arrivals.map(({ token, kind }) => [token, kind]),
    [[STEERED, 'message']],
  )
})

test('without a zone, no name of one is accepted', async (t) => {
  const { greeted } = await testMailbox(t, { isSteered: () => false })
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  assert.equal(await client.say(`RCPT TO:<${STEERED}@${STEERED_DOMAIN}>`), UNKNOWN)
})

test('each spelling of each recipient of the catalogue that a relay may leave is taken', async (t) => {
  const { greeted } = await testMailbox(t)
  const own = { domain: 'own.example', host: 'mx.own.example', literal: '[203.0.113.25]' }
  const names = { sender: at(SENDER), recipient: at(RECIPIENT), ...own, mailbox: null, steered: at(RECIPIENT) }
  const spelled = FORMS.filter(({ recipient }) => recipient.kind !== 'local').map(({ recipient }) =>
    recipient.spell(names),
  )
  // A relay removes its own name, or puts our domain in its place.
  const named = [own.literal, own.host, own.domain]
  const left = spelled.flatMap((address) => [
    named.reduce((rest, name) => rest.replace(`@${name}:`, '').replace(`@${name}`, ''), address),
    named.reduce((rest, name) => rest.replaceAll(name, DOMAIN), address),
  ])
  const outlook = [`'${RECIPIENT}'@${DOMAIN}`, `smtp:${at(RECIPIENT)}`, `'${at(RECIPIENT)}'`, `"smtp:${at(RECIPIENT)}"`]
  const tagged = [at(`${RECIPIENT}+x`), at(`"${RECIPIENT}+x"`), at(`prvs=1234567890=${RECIPIENT}`)]
  const paths = new Set([...left, ...outlook, ...tagged].flatMap((one) => [one, one.toUpperCase()]))
  for (const path of paths) {
    const client = await greeted()
    await client.say('MAIL FROM:<a@sender.example>')
    assert.equal(await client.say(`RCPT TO:<${path}>`), TAKEN, path)
    client.leave()
  }
})

test('a token that we may have forgotten is asked to come later, and that is no trouble of ours', async (t) => {
  const { counted, greeted } = await testMailbox(t, { mayHaveForgotten: () => true })
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  assert.match(await client.say(`RCPT TO:<${at('nobody2222222222')}>`), /^451 4\./)
  assert.equal(await client.say(`RCPT TO:<${at('nobody')}>`), UNKNOWN)
  assert.equal(await client.say(`RCPT TO:<${at(RECIPIENT)}>`), TAKEN)
  assert.deepEqual(counted, [])
})

test('a delivery status notification to the sender token is a bounce', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const secret = makeSecret()
  const message = `Received: by target.example
From: MAILER-DAEMON@target.example
To: ${at(SENDER)}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; target.example

Final-Recipient: rfc822; ${at(RECIPIENT)}
Action: failed
Status: 5.7.1
--b
Content-Type: message/rfc822

Received: from vantage
Subject: Mail relay test

${secret}
--b--`
  await deliver(await greeted(), { from: '', to: [at(SENDER)], message })
  assert.equal(arrivals.length, 1)
  const { token, kind, mailFrom, secrets, received } = arrivals[0] ?? assert.fail()
  assert.deepEqual(
    { token, kind, mailFrom, secrets, received },
    { token: SENDER, kind: 'bounce', mailFrom: '', secrets: [secret], received: ['by target.example'] },
  )
})

test('a report that the message is only delayed is no bounce', async (t) => {
  const { arrivals, counted, greeted } = await testMailbox(t)
  const message = `Subject: Delayed Mail (still being retried)\n\nAction: delayed\nStatus: 4.4.1\n\n${makeSecret()}`
  await deliver(await greeted(), { from: '', to: [at(SENDER)], message })
  assert.deepEqual(arrivals, [])
  assert.deepEqual(counted, ['ignored'])
})

test('postmaster and abuse are accepted as recipients, and their mail is refused with the contact, before it is sent', async (t) => {
  const { arrivals, logged, turnedAway, greeted } = await testMailbox(t)
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  for (const recipient of ['Postmaster', at('postmaster'), at('ABUSE'), `"postmaster"@${DOMAIN}.`]) {
    assert.equal(await client.say(`RCPT TO:<${recipient}>`), TAKEN, recipient)
  }
  assert.equal(await client.say('DATA'), `550 5.7.1 nobody reads mail here, please ask ${CONTACT}`)
  assert.equal(await client.say('RSET'), '250 2.0.0 Flushed')
  assert.deepEqual([arrivals, logged, turnedAway], [[], [], []])
})

test('a message to a test address and to postmaster arrives for the test', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const replies = await deliver(await greeted(), { from: '', to: [at('postmaster'), at(RECIPIENT)], message: '' })
  assert.match(replies.at(-1) ?? '', /^250 /)
  assert.deepEqual(
    arrivals.map(({ token }) => token),
    [RECIPIENT],
  )
})

test('every other recipient is refused, with one line in the log', async (t) => {
  const asked: string[] = []
  const { logged, greeted } = await testMailbox(t, {
    knows: async (token) => {
      asked.push(token)
      return null
    },
  })
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  const recipients = [
    at('nobody2222222222'),
    `${RECIPIENT}@elsewhere.example`,
    `${RECIPIENT}@sub.${DOMAIN}`,
    'postmaster@elsewhere.example',
    `${RECIPIENT}%elsewhere.example@${DOMAIN}`,
    `elsewhere.example!${RECIPIENT}@${DOMAIN}`,
    `x${RECIPIENT}@${DOMAIN}`,
    at(`victim%elsewhere.example`),
    at('__proto__'),
  ]
  for (const recipient of recipients) assert.equal(await client.say(`RCPT TO:<${recipient}>`), UNKNOWN, recipient)
  assert.deepEqual(
    logged,
    recipients.map((recipient) => ({
      level: 'info',
      fields: { peer: '127.0.0.1', helo: 'mx.example.net', recipient },
      message: 'no such test address',
    })),
  )
  assert.deepEqual(asked, ['nobody2222222222'], 'only what looks like a token is looked up')
})

test('a message to several test addresses arrives once for each, and a refused recipient beside them hurts none', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const to = [at(RECIPIENT), at('nobody2222222222'), at(SENDER), at(SECOND), at(RECIPIENT.toUpperCase())]
  const replies = await deliver(await greeted(), { from: '', to, message: 'Subject: Undeliverable\n\nbody' })
  assert.deepEqual(
    replies.map((reply) => reply.slice(0, 3)),
    ['250', '250', '550', '250', '250', '250', '354', '250'],
  )
  assert.deepEqual(
    arrivals.map(({ token, kind }) => `${kind} to ${token}`),
    [`message to ${RECIPIENT}`, `bounce to ${SENDER}`, `message to ${SECOND}`],
  )
})

test('the recipients of one message are not those of the next', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  await client.say(`RCPT TO:<${at(SECOND)}>`)
  await client.say('RSET')
  await deliver(client, { from: 'a@sender.example', to: [at(RECIPIENT)], message: '' })
  assert.deepEqual(
    arrivals.map(({ token }) => token),
    [RECIPIENT],
  )
})

test('while nobody can say who is a test address, the answer is 451 and a line in the log', async (t) => {
  let broken = true
  const { logged, greeted } = await testMailbox(t, {
    knows: async () => {
      if (broken) throw new Error('the store is away')
      return 'recipient'
    },
  })
  const client = await greeted()
  await client.say('MAIL FROM:<a@sender.example>')
  assert.equal(await client.say(`RCPT TO:<${at(RECIPIENT)}>`), '451 4.3.0 try again later')
  assert.equal(logged.length, 1)
  assert.equal(logged[0]?.level, 'error')
  assert.match(String(Object.values(logged[0]?.fields ?? {})[0]), /the store is away/)
  broken = false
  assert.equal(await client.say(`RCPT TO:<${at(RECIPIENT)}>`), TAKEN)
})

test('a message that cannot be handed on is answered 451 with a line in the log, so that it comes again', async (t) => {
  const { logged, greeted } = await testMailbox(t, {
    arrived: () => {
      throw new Error('nobody listens')
    },
  })
  const replies = await deliver(await greeted(), { from: '', to: [at(RECIPIENT)], message: '' })
  assert.equal(replies.at(-1), '451 4.3.0 try again later')
  assert.deepEqual(
    logged.map(({ level }) => level),
    ['error'],
  )
})

test('a message of any size is taken: refusing one would be a fault of ours. Its first 128 KiB are read', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  const READ = 128 * 1024
  for (const to of [at(RECIPIENT), at(SENDER)]) {
    const [inside, outside] = [makeSecret(), makeSecret()]
    const filling = `${inside} `.padEnd(READ - 'Subject: Undeliverable\r\n\r\n'.length, 'x')
    const message = `Subject: Undeliverable\n\n${filling} ${outside} ${'x'.repeat(1_000_000)}`
    assert.match((await deliver(client, { from: '', to: [to], message })).at(-1) ?? '', /^250 /)
    assert.deepEqual(arrivals.at(-1)?.secrets, [inside])
  }
  assert.match(await client.say('MAIL FROM:<> SIZE=10000000'), /^250 /)
})

test('a secret that quoted-printable broke over two lines is found', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const secret = makeSecret()
  const message = `Content-Transfer-Encoding: quoted-printable\n\n${secret.slice(0, 11)}=\n${secret.slice(11)}`
  await deliver(await greeted(), { from: '', to: [at(RECIPIENT)], message })
  assert.deepEqual(arrivals[0]?.secrets, [secret])
})

test('a line with a doubled dot does not end a message', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  const secret = makeSecret()
  const message = `..\n${secret.slice(0, 5)}=\n${secret.slice(5)}\n..\nQUIT`
  assert.match((await deliver(client, { from: '', to: [at(RECIPIENT)], message })).at(-1) ?? '', /^250 /)
  assert.equal(await client.say('NOOP'), '250 2.0.0 OK')
  assert.deepEqual(
    arrivals.map(({ secrets }) => secrets),
    [[secret]],
  )
})

test('a message whose sender leaves before the final dot is no arrival', async (t) => {
  const { arrivals, logged, greeted, close } = await testMailbox(t)
  const client = await greeted()
  await client.say('MAIL FROM:<>')
  await client.say(`RCPT TO:<${at(RECIPIENT)}>`)
  await client.say('DATA')
  client.write(`Subject: x\r\n\r\n${makeSecret()}\r\n`)
  client.leave()
  await close()
  assert.deepEqual(arrivals, [])
  assert.deepEqual(
    logged.filter(({ level }) => level === 'error'),
    [],
  )
})

test('a whole session in one segment is answered command by command', async (t) => {
  const { connect, arrivals } = await testMailbox(t)
  const client = await connect()
  await client.reply()
  const session = ['EHLO a', 'MAIL FROM:<>', `RCPT TO:<${at(RECIPIENT)}>`, 'DATA', 'Subject: x', '', 'x', '.', 'QUIT']
  client.write(`${session.join('\r\n')}\r\n`)
  const codes: string[] = []
  for (let replies = 0; replies < 6; replies += 1) codes.push((await client.reply()).slice(0, 3))
  assert.deepEqual(codes, ['250', '250', '250', '354', '250', '221'])
  assert.equal(arrivals.length, 1)
})

test('without HELO no mail is taken', async (t) => {
  const { connect } = await testMailbox(t)
  const client = await connect()
  await client.reply()
  for (const command of ['MAIL FROM:<>', `RCPT TO:<${at(RECIPIENT)}>`, 'DATA']) {
    assert.match(await client.say(command), /^503 /, command)
  }
})

test('a visitor that guesses a thousand recipients is disconnected after 20, each with its line in the log', async (t) => {
  const { logged, counted, turnedAway, greeted } = await testMailbox(t)
  const client = await greeted()
  await client.say('MAIL FROM:<>')
  const guesses = Array.from({ length: 1000 }, (_, guess) => `RCPT TO:<${at(`guess${guess}`)}>\r\n`)
  client.write(guesses.join(''))
  const replies = (await client.hungUp()).split('\r\n').filter((line) => line !== '')
  assert.deepEqual(replies, [...Array(20).fill(UNKNOWN), '421 4.4.2 too many refused recipients'])
  assert.equal(logged.length, 21)
  assert.deepEqual(counted, [], 'it brings no mail of a test')
  assert.deepEqual(turnedAway, ['recipients'])
})

test('a line without an end ends the connection', async (t) => {
  const { greeted } = await testMailbox(t)
  const client = await greeted()
  client.write('x'.repeat(1_000_000))
  assert.match(await client.hungUp(), /^421 /)
})

test('a message without a line end, far over the size, is taken and forgotten', async (t) => {
  const { arrivals, greeted } = await testMailbox(t)
  const client = await greeted()
  const replies = await deliver(client, { from: '', to: [at(RECIPIENT)], message: 'x'.repeat(5_000_000) })
  assert.match(replies.at(-1) ?? '', /^250 /)
  assert.deepEqual(
    arrivals.map(({ secrets }) => secrets),
    [[]],
  )
})

const NASTY = {
  NUL: 'a\0b',
  'a terminal escape': 'a\x1b[2Jb',
  'a bidi override': 'a\u202eb',
  'a byte above ASCII': 'a\xffb',
  'a backslash': 'a\\b',
  'a line feed': 'a\nb',
}

for (const [name, nasty] of Object.entries(NASTY)) {
  test(`${name}, wherever a peer writes it, goes on as printable ASCII only`, async (t) => {
    const { arrivals, logged, connect } = await testMailbox(t)
    const client = await connect()
    await client.reply()
    // If the server refuses a text, the next line still lets the session go on.
    const lines = [
      'EHLO plain',
      `EHLO ${nasty}`,
      `MAIL FROM:<${nasty}@${nasty}.example>`,
      'MAIL FROM:<a@sender.example>',
      `RCPT TO:<${nasty}@${DOMAIN}>`,
      `RCPT TO:<a@${nasty}>`,
      `RCPT TO:<${at('nobody2222222222')}>`,
      `RCPT TO:<${at(RECIPIENT)}>`,
    ]
    for (const encoding of ['utf8', 'latin1'] as const) {
      client.write(Buffer.from(`RSET\r\n${lines.join('\r\n')}\r\nDATA\r\n`, encoding))
      client.write(Buffer.from(`Received: ${nasty}\r\n${nasty}: x\r\n\r\n${nasty}\r\n.\r\n`, encoding))
    }
    await until('two messages', () => arrivals.length === 2)
    assert.ok(logged.some(({ message }) => message === 'no such test address'))
    const texts = [...arrivals, ...logged.map(({ fields }) => fields)]
      .flatMap((kept) => Object.values(kept).flat())
      .filter((value) => typeof value === 'string')
    assert.ok(texts.length > 0)
    for (const text of texts) assert.match(text, /^[\x20-\x7e]*$/)
    for (const text of texts) assert.ok(text.length <= 1024)
  })
}

test('a HELO name and a recipient in Unicode are logged escaped and without loss', async (t) => {
  const { logged, greeted } = await testMailbox(t)
  const client = await greeted('bidi\u202ename')
  await client.say('MAIL FROM:<>')
  await client.say(`RCPT TO:<a\u202eb@${DOMAIN}>`)
  assert.deepEqual(
    logged.map(({ fields }) => fields),
    [{ peer: '127.0.0.1', helo: 'bidi\\xe2\\x80\\xaename', recipient: `a\\xe2\\x80\\xaeb@${DOMAIN}` }],
  )
})

test('a silent peer is hung up on', async (t) => {
  const { greeted } = await testMailbox(t, { idleMs: 2_000 })
  const client = await greeted()
  assert.match(await client.hungUp(), /^421 /)
})

test('a peer that is never silent, and never done, is hung up on too', async (t) => {
  const { arrivals, greeted } = await testMailbox(t, { lifetimeMs: 3_000 })
  const client = await greeted()
  await client.say('MAIL FROM:<>')
  await client.say(`RCPT TO:<${at(RECIPIENT)}>`)
  await client.say('DATA')
  const trickle = setInterval(() => client.write('x'), 20)
  t.after(() => clearInterval(trickle))
  assert.equal(await client.hungUp(), '')
  assert.deepEqual(arrivals, [])
})

const greetings = async ({ connect }: TestMailbox, localAddresses: readonly string[]) => {
  const clients = await Promise.all(localAddresses.map((localAddress) => connect({ localAddress })))
  const replies = await Promise.all(clients.map((client) => client.reply()))
  return { clients, codes: replies.map((reply) => reply.slice(0, 3)).sort() }
}

test('one address, such as a smarthost, holds 100 connections, and one more once one of them has ended', async (t) => {
  const mailbox = await testMailbox(t)
  const { codes } = await greetings(mailbox, Array(101).fill('127.0.0.2'))
  assert.deepEqual(codes, [...Array(100).fill('220'), '421'], 'at once')
  assert.deepEqual(mailbox.turnedAway, ['connections'])
  const next = await greetings(mailbox, ['127.0.0.2'])
  assert.deepEqual(next.codes, ['421'], 'afterwards')
  await next.clients[0]?.hungUp()
  const other = await greetings(mailbox, Array(99).fill('127.0.0.3'))
  assert.deepEqual(other.codes, Array(99).fill('220'), 'from another address')
  await other.clients[0]?.say('QUIT')
  await other.clients[0]?.hungUp()
  assert.deepEqual((await greetings(mailbox, ['127.0.0.3'])).codes, ['220'], 'after one has left')
})

test('200 connections are held; one more takes the place of another, of the source that holds most', async (t) => {
  const mailbox = await testMailbox(t)
  const addresses = [...Array(99).fill('127.0.0.10'), ...Array.from({ length: 101 }, (_, n) => `127.0.1.${n}`)]
  const { clients, codes } = await greetings(mailbox, addresses)
  assert.deepEqual(codes, Array(200).fill('220'))
  assert.deepEqual((await greetings(mailbox, ['127.0.0.99'])).codes, ['220'])
  assert.match((await clients[0]?.hungUp()) ?? '', /^421 4\.4\.2 too many connections/)
  assert.deepEqual(mailbox.counted, [], 'it named no test address')
})

test('closing lets a running message arrive, takes no new connection and hangs up on the rest', async (t) => {
  const { arrivals, connect, greeted, close } = await testMailbox(t)
  const idle = await greeted()
  const busy = await greeted()
  await busy.say('MAIL FROM:<>')
  await busy.say(`RCPT TO:<${at(RECIPIENT)}>`)
  await busy.say('DATA')
  const closing = close()
  await assert.rejects(connect(), { code: 'ECONNREFUSED' })
  assert.match(await busy.say('Subject: x\r\n\r\nx\r\n.'), /^250 /)
  assert.equal(arrivals.length, 1)
  await inTime('the mailbox is closed', closing)
  assert.match(await idle.hungUp(), /^421 /)
  await busy.hungUp()
})

test('a peer and a look-up that never end do not hold the mailbox open', async (t) => {
  let asked = false
  const { connect, close } = await testMailbox(t, {
    knows: () => {
      asked = true
      return new Promise(() => {})
    },
  })
  const client = await connect({ stubborn: true })
  await client.reply()
  await client.say('EHLO a')
  await client.say('MAIL FROM:<>')
  client.write(`RCPT TO:<${at(RECIPIENT)}>\r\n`)
  await until('the look-up', () => asked)
  await inTime('the mailbox is closed', close())
  // The connection is gone, and not only half closed, which would last another 5 seconds; who writes notices.
  const nagging = setInterval(() => client.write('NOOP\r\n'), 20)
  t.after(() => clearInterval(nagging))
  await client.hungUp(2500)
})

test('a port that is taken is an error at the start', async (t) => {
  const { port } = await testMailbox(t)
  await assert.rejects(testMailbox(t, { port }), { code: 'EADDRINUSE' })
})

test('an IPv4 peer of a dual-stack listener is known by its IPv4 address', async (t) => {
  const mailbox = await testMailbox(t, { host: '::' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL') return null
    throw error
  })
  if (mailbox === null) return t.skip('this machine has no IPv6')
  await deliver(await mailbox.greeted(), { from: '', to: [at(RECIPIENT)], message: '' })
  assert.equal(mailbox.arrivals[0]?.peer, '127.0.0.1')
})
