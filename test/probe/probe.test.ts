/** Whole tests of scripted servers over real sockets: what is sent, and what the verdict is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReceivedMail } from '../../src/relay/attempt.ts'
import { healthy, type Say, type Script, type ScriptedSession } from '../harness/mail-server.ts'
import { ALL_DENIED, deny, plainEhlo, SECRETS, visit } from '../harness/visit.ts'

const commands = (lines: readonly string[]) =>
  lines.filter((line) => /^(MAIL|RCPT|DATA|RSET|QUIT|EHLO|HELO|\.$)/.test(line))

test('a closed server is asked everything in one group', async (t) => {
  const { verdict, attempts, server } = await visit(t, { say: deny })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, ALL_DENIED)
  assert.deepEqual(commands(server.lines), [
    'EHLO relaytest.isp.example',
    'MAIL FROM:<probe@isp.example>',
    'RCPT TO:<outside-sender@isp.example>',
    'RCPT TO:<percent-hack%isp.example@example.com>',
    'RSET',
    'MAIL FROM:<sender@example.com>',
    'RCPT TO:<own-domain-sender@isp.example>',
    'RSET',
    'MAIL FROM:<>',
    'RCPT TO:<null-sender@isp.example>',
    'RSET',
    'MAIL FROM:<postmaster@example.com>',
    'RCPT TO:<own-domain-postmaster@isp.example>',
    'RSET',
    'QUIT',
  ])
  assert.equal(server.segments.length, 4, 'EHLO, the suite, the second own sender, QUIT')
})

test('without PIPELINING each command waits for its answer, and no RCPT follows a refused MAIL', async (t) => {
  const say: Say = (line, session) => {
    if (line === 'MAIL FROM:<>') return '550 no bounces'
    return line.startsWith('EHLO') ? plainEhlo(line, session) : deny(line, session)
  }
  const { verdict, attempts, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, {
    ...ALL_DENIED,
    'null-sender': 'sender-rejected',
    'outside-sender-again': 'relay-denied',
  })
  assert.equal(server.segments.length, commands(server.lines).length)
  assert.ok(!server.lines.includes('RCPT TO:<null-sender@isp.example>'))
  assert.equal(server.lines.at(-1), 'QUIT')
})

test('a server that does not know EHLO is asked with HELO', async (t) => {
  const { verdict, server } = await visit(t, {
    say: (line, session) => (line.startsWith('EHLO') ? '502 5.5.2 what' : deny(line, session)),
  })
  assert.equal(verdict, 'closed')
  assert.equal(server.lines[1], 'HELO relaytest.isp.example')
  assert.ok(server.segments.length > 10, 'nothing is pipelined')
})

test('a server that refuses EHLO and HELO has turned us away', async (t) => {
  const { verdict, reason, attempts } = await visit(t, {
    say: (line) => (/^(EHLO|HELO)/.test(line) ? '550 no' : healthy(line)),
  })
  assert.deepEqual([verdict, reason], ['inconclusive', 'greeting-refused'])
  assert.equal(attempts['outside-sender'], 'greeting-refused')
})

test('after a greeting that refuses us, we only say QUIT', async (t) => {
  const { reason, server } = await visit(t, { greeting: '554 5.7.1 blocked using a list', say: healthy })
  assert.equal(reason, 'vantage-blocked')
  assert.deepEqual(server.lines, ['QUIT'])
})

test('an open server gets one message, in a new transaction with our recipient alone', async (t) => {
  const { verdict, cause, evidence, server } = await visit(t, { say: healthy })
  assert.deepEqual([verdict, cause, evidence], ['open', 'everyone', 'message-accepted'])
  const after = commands(server.lines).slice(11)
  assert.deepEqual(after, [
    'MAIL FROM:<probe@isp.example>',
    'RCPT TO:<outside-sender@isp.example>',
    'DATA',
    '.',
    'QUIT',
  ])
  assert.ok(server.lines.includes('Auto-Submitted: auto-generated'))
  assert.ok(server.lines.includes('To: <outside-sender@isp.example>'))
  assert.ok(
    !server.lines.some((line) => line.includes('127.0.0.1')),
    'the message never contains the address of the target',
  )
})

test('a percent hack that is accepted gets no message, because it may be a local mailbox', async (t) => {
  const { verdict, reason, server } = await visit(t, {
    say: (line, session) => (line.includes('%') ? '250 ok' : deny(line, session)),
  })
  assert.deepEqual([verdict, reason], ['inconclusive', 'ambiguous-accepted'])
  assert.ok(!server.lines.includes('DATA'))
})

test('proof recipient sends nothing', async (t) => {
  const { verdict, reason, server } = await visit(t, { say: healthy }, { proof: 'recipient' })
  assert.deepEqual([verdict, reason], ['inconclusive', 'recipient-accepted'])
  assert.ok(!server.lines.includes('DATA'))
})

test('if a message is refused for its content, every other form is tried, because a refused message is none', async (t) => {
  const { verdict, reason, server } = await visit(t, {
    say: (line) => (line === '.' ? '554 5.6.0 spam' : healthy(line)),
  })
  assert.deepEqual([verdict, reason], ['inconclusive', 'content-refused'])
  assert.equal(server.lines.filter((line) => line === 'DATA').length, 3)
  assert.equal(server.lines.filter((line) => line === 'RSET').length, 6, 'also after each message that was refused')
})

test('a recipient that is refused after it was accepted stays accepted, and a 354 gets a single dot', async (t) => {
  let asked = 0
  const say: Say = (line) => {
    if (line === 'RCPT TO:<outside-sender@isp.example>') {
      asked += 1
      return asked === 1 ? '250 ok' : '554 5.7.1 Relay access denied'
    }
    return line.startsWith('RCPT') ? '554 5.7.1 Relay access denied' : healthy(line)
  }
  const { verdict, reason, caveats, server } = await visit(t, { say })
  assert.deepEqual([verdict, reason, caveats], ['inconclusive', 'recipient-accepted', ['answers-differ']])
  const data = server.lines.indexOf('DATA')
  assert.equal(server.lines[data + 1], '.')
})

test('if the invented own-domain sender does not exist, postmaster is tried as the sender', async (t) => {
  const say: Say = (line, session) => {
    if (line === 'MAIL FROM:<sender@example.com>') return '550 5.1.0 Sender address rejected: User unknown'
    if (line === 'RCPT TO:<own-domain-postmaster@isp.example>') return '250 ok'
    return deny(line, session)
  }
  const { verdict, cause, attempts } = await visit(t, { say })
  assert.deepEqual([verdict, cause], ['open', 'own-domain-sender'])
  assert.equal(attempts['own-domain-sender'], 'unknown-user')
  assert.equal(attempts['own-domain-postmaster'], 'accepted')
})

test('postmaster is tried as a sender even if the invented one gets the words for strangers', async (t) => {
  const say: Say = (line) => {
    const [, recipient] = /^RCPT TO:<(.*)>/.exec(line) ?? []
    if (recipient === 'postmaster@example.com') return '250 ok'
    return recipient === undefined ? healthy(line) : `550 Invalid recipient: <${recipient}>`
  }
  const { verdict, attempts, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.equal(attempts['postmaster-control'], 'accepted')
  assert.equal(attempts['own-domain-postmaster'], 'unknown-user')
  assert.ok(!server.lines.includes('DATA'), 'a control never sees DATA')
})

test('a server that refuses postmaster as well says nothing about strangers', async (t) => {
  const { verdict, reason } = await visit(t, { say: (line) => (line.startsWith('RCPT') ? '550 no' : healthy(line)) })
  assert.deepEqual([verdict, reason], ['inconclusive', 'vantage-blocked'])
})

test('without a domain, we ask with the one in the greeting, but send no message', async (t) => {
  const say: Say = (line, session) => (line.startsWith('RCPT TO:<own') ? '250 ok' : deny(line, session))
  const { verdict, reason, observations, server } = await visit(t, { say }, { domain: null })
  assert.deepEqual([observations.domain, observations.domainSource], ['mail.example.com', 'greeting'])
  assert.deepEqual([verdict, reason], ['inconclusive', 'recipient-accepted'])
  assert.ok(server.lines.includes('MAIL FROM:<sender@mail.example.com>'))
  assert.ok(!server.lines.includes('DATA'))
})

for (const greeting of [
  '220 <script>.example.com',
  '220 localhost',
  '220 a@b.example.com hi',
  '220 *****2***0**',
  '220 ',
]) {
  test(`the greeting ${greeting} gives no domain, and neither does the same text in the reply to EHLO`, async (t) => {
    const hello = [greeting.replace('220 ', '250-'), '250 PIPELINING']
    const say: Say = (line, session) => (line.startsWith('EHLO') ? hello : deny(line, session))
    const { observations, reason, attempts } = await visit(t, { greeting, say }, { domain: null })
    assert.deepEqual([observations.domain, observations.domainSource], [null, null])
    assert.equal(reason, 'domain-unknown')
    assert.deepEqual(attempts, {
      'outside-sender': 'relay-denied',
      'own-domain-sender': 'domain-unknown',
      'null-sender': 'relay-denied',
      'percent-hack': 'domain-unknown',
    })
  })
}

test('answers before a lost connection are kept, and the missing ones get a reason', async (t) => {
  const say: Say = (line, session) => {
    if (line !== 'MAIL FROM:<sender@example.com>') return deny(line, session)
    session.socket.destroy()
    return null
  }
  const { reason, attempts, server } = await visit(t, { say })
  assert.equal(reason, 'dropped')
  const { 'own-domain-postmaster': _second, ...others } = ALL_DENIED
  assert.deepEqual(attempts, { ...others, 'own-domain-sender': 'dropped' }, 'and the other forms are answered')
  assert.equal(server.connections, 4, 'two more for that form, and one for the null sender')
})

test('a 421 in the middle is throttling', async (t) => {
  const say: Say = (line, session) => {
    if (line !== 'MAIL FROM:<sender@example.com>') return deny(line, session)
    setImmediate(() => session.socket.end())
    return '421 4.7.0 too many errors'
  }
  const { reason, attempts } = await visit(t, { say })
  assert.equal(reason, 'throttled')
  assert.equal(attempts['own-domain-sender'], 'throttled')
})

test('if a server accepts the recipient and drops us, the message goes over a new connection', async (t) => {
  const say: Say = (line, session) => {
    if (line === 'MAIL FROM:<>' && session.connection === 1) {
      session.socket.destroy()
      return null
    }
    return healthy(line)
  }
  const { verdict, server } = await visit(t, { say })
  assert.equal(verdict, 'open')
  assert.equal(server.connections, 2)
})

test('an answer that does not fit its command ends the test', async (t) => {
  const say: Say = (line, session) => (line.startsWith('RCPT') ? '354 go ahead' : plainEhlo(line, session))
  const { reason } = await visit(t, { say })
  assert.equal(reason, 'protocol-error')
})

test('a server that falls silent gets QUIT at the deadline, which is the reason', async (t) => {
  let silent = false
  const say: Say = (line) => {
    silent ||= line.startsWith('RCPT')
    return silent ? null : healthy(line)
  }
  const { reason, server, attempts } = await visit(t, { say }, { patienceMs: 300 })
  assert.equal(reason, 'deadline')
  assert.equal(attempts['outside-sender'], 'deadline')
  assert.equal(server.lines.at(-1), 'QUIT')
})

test('a server that leaves out an answer is never called closed', async (t) => {
  const say: Say = (line, session) => (line.includes('%') ? null : deny(line, session))
  const { verdict } = await visit(t, { say }, { patienceMs: 300 })
  assert.equal(verdict, 'inconclusive')
})

test('a test that is stopped sends QUIT instead of the next command', async (t) => {
  const stop = new AbortController()
  const say: Say = (line, session) => {
    if (line.startsWith('RCPT')) stop.abort()
    return line.startsWith('RCPT') ? '554 5.7.1 Relay access denied' : plainEhlo(line, session)
  }
  const { reason, server, attempts } = await visit(t, { say }, { stop: stop.signal })
  assert.equal(reason, 'interrupted')
  assert.equal(attempts['outside-sender'], 'relay-denied')
  assert.equal(attempts['null-sender'], 'interrupted')
  assert.deepEqual(commands(server.lines).slice(1), [
    'MAIL FROM:<probe@isp.example>',
    'RCPT TO:<outside-sender@isp.example>',
    'QUIT',
  ])
})

test('a test that is stopped before it begins does not connect', async (t) => {
  const { reason, server } = await visit(t, { say: healthy }, { stop: AbortSignal.abort() })
  assert.equal(reason, 'interrupted')
  assert.equal(server.connections, 0)
})

test('a test that is stopped while it waits for the greeting sends only QUIT', async (t) => {
  const stop = new AbortController()
  const connected = ({ socket }: ScriptedSession) => {
    stop.abort()
    socket.write('220 mail.example.com\r\n')
  }
  const { reason, server } = await visit(t, { greeting: null, connected, say: healthy }, { stop: stop.signal })
  assert.equal(reason, 'interrupted')
  assert.deepEqual(server.lines, ['QUIT'])
})

const SEEN: ReceivedMail = {
  kind: 'message',
  peer: '127.0.0.1',
  helo: 'mail.example.com',
  received: null,
  receivedAt: '',
  report: null,
}

test('the secrets of a message are sent, but no transcript shows them', async (t) => {
  const { transcript, server } = await visit(t, { say: healthy })
  const shown = transcript.entries.map(({ line }) => line)
  for (const [name, secret] of [
    ['X-Relay-Test', SECRETS.header],
    ['Proof', SECRETS.body],
  ] as const) {
    assert.ok(server.lines.includes(`${name}: ${secret}`))
    assert.ok(shown.includes(`${name}: [withheld]`))
    assert.ok(!shown.some((line) => line.includes(secret)))
  }
})

test('a message that arrives is the strongest evidence', async (t) => {
  const { verdict, evidence } = await visit(t, { say: healthy }, { proof: 'delivery', arrival: async () => SEEN })
  assert.deepEqual([verdict, evidence], ['open', 'delivered'])
})

test('a server whose accepted message does not arrive is still open', async (t) => {
  const { verdict, evidence } = await visit(t, { say: healthy }, { proof: 'delivery' })
  assert.deepEqual([verdict, evidence], ['open', 'message-accepted'])
})

test('a server that bounces our message is not called open', async (t) => {
  const bounce: ReceivedMail = { ...SEEN, kind: 'bounce', report: 'unclear' }
  const { verdict, reason } = await visit(t, { say: healthy }, { proof: 'delivery', arrival: async () => bounce })
  assert.deepEqual([verdict, reason], ['inconclusive', 'accepted-then-bounced'])
})

/** Denies relaying, and accepts any local part at its own domain. */
const catchAll: Say = (line, session) => (/^RCPT TO:<[^@]*@example\.com>/.test(line) ? '250 ok' : deny(line, session))

test('a catch-all server is closed if nothing arrives, with a caveat', async (t) => {
  const { verdict, attempts, server, caveats } = await visit(
    t,
    { say: catchAll },
    { proof: 'delivery', patienceMs: 3_500 },
  )
  assert.equal(verdict, 'closed')
  assert.deepEqual(caveats, ['any-local-part-taken'])
  assert.equal(attempts['random-local-control'], 'accepted')
  assert.equal(server.lines.filter((line) => line === 'DATA').length, 1, 'the control never sees DATA')
})

test('a test learns whether our mailbox turned anybody away, from its first message to the end of the wait', async (t) => {
  for (const troubled of [true, false]) {
    const begin = performance.now()
    const asked: { since: number; at: number }[] = []
    const { observations } = await visit(
      t,
      { say: catchAll },
      {
        proof: 'delivery',
        patienceMs: 3_500,
        troubled: async (since) => {
          asked.push({ since, at: performance.now() })
          return troubled
        },
      },
    )
    assert.equal(observations.mailboxTroubled, troubled)
    const [{ since, at } = assert.fail(), ...more] = asked
    assert.deepEqual(more, [])
    assert.ok(begin < since && since < at)
  }
  const { observations } = await visit(t, { say: deny }, { proof: 'delivery', troubled: async () => true })
  assert.equal(observations.mailboxTroubled, false, 'without a message, nothing was waited for')
})

test('a server whose percent hack arrives is open, even if it accepts everything', async (t) => {
  const { verdict, cause } = await visit(t, { say: catchAll }, { proof: 'delivery', arrival: async () => SEEN })
  assert.deepEqual([verdict, cause], ['open', 'percent-hack'])
})

test('a percent hack that does not arrive is undecided if the server knows its users', async (t) => {
  const say: Say = (line, session) => (line.includes('%') ? '250 ok' : deny(line, session))
  const { verdict, reason, attempts } = await visit(t, { say }, { proof: 'delivery', patienceMs: 3_500 })
  assert.deepEqual([verdict, reason], ['inconclusive', 'ambiguous-accepted'])
  assert.equal(attempts['random-local-control'], 'relay-denied')
})

test('a server that records another client address does not see who connects', async (t) => {
  const seen: ReceivedMail = { ...SEEN, received: 'from relaytest (unknown [172.17.0.1]) by mail.example.com' }
  const { cause } = await visit(t, { say: healthy }, { proof: 'delivery', arrival: async () => seen })
  assert.equal(cause, 'source-address-lost')
})

test('the full suite takes five connections, and each ends with the first question', async (t) => {
  const { verdict, attempts, server } = await visit(t, { say: deny }, { suite: 'full' })
  assert.equal(verdict, 'closed')
  assert.equal(Object.keys(attempts).length, 34)
  assert.deepEqual(new Set(Object.values(attempts)), new Set(['relay-denied']))
  assert.equal(server.connections, 5)
  const asked = commands(server.lines).filter((line) => line === 'RCPT TO:<outside-sender-at-end@isp.example>')
  assert.equal(asked.length, 5)
})

test('postscreen lets us in when we come back', async (t) => {
  const say: Say = (line, { connection }) =>
    line.startsWith('RCPT')
      ? connection === 1
        ? '450 4.3.2 Service currently unavailable'
        : '554 5.7.1 Relay access denied'
      : healthy(line)
  const { verdict, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.equal(server.connections, 2)
})

test('forms that a 421 left without an answer are asked again', async (t) => {
  const say: Say = (line, session) => {
    if (line !== 'MAIL FROM:<>' || session.connection > 1) return deny(line, session)
    setImmediate(() => session.socket.end())
    return '421 4.7.0 too many errors'
  }
  const { verdict, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.equal(server.connections, 2)
})

test('we wait for greylisting that ends in time', async (t) => {
  const say: Say = (line, session) =>
    line.startsWith('RCPT') && session.connection === 1 ? '450 4.2.0 Greylisted for 1 seconds' : deny(line, session)
  const { verdict, server } = await visit(t, { say }, { patienceMs: 10_000 })
  assert.equal(verdict, 'closed')
  assert.equal(server.connections, 2)
})

test('greylisting that does not end in time is the reason', async (t) => {
  const { reason, server } = await visit(t, {
    say: (line) => (line.startsWith('RCPT') ? '450 4.2.0 Greylisted, try again in 300 seconds' : healthy(line)),
  })
  assert.equal(reason, 'greylisted')
  assert.equal(server.connections, 1)
})

test('a server that requires STARTTLS even for RSET, and does not offer it, is tls-failed', async (t) => {
  const say: Say = (line) =>
    /^(MAIL|RCPT|RSET)/.test(line) ? '530 5.7.0 Must issue a STARTTLS command first' : healthy(line)
  const { verdict, reason } = await visit(t, { say })
  assert.deepEqual([verdict, reason], ['inconclusive', 'tls-failed'])
})

for (const refused of ['500 what', '502 5.5.1 unknown', '503 bad sequence of commands']) {
  test(`a server that answers RSET with ${refused} hears EHLO between two senders`, async (t) => {
    const say: Say = (line, session) => (line === 'RSET' ? refused : deny(line, session))
    const { verdict, attempts, transcript } = await visit(t, { say })
    assert.equal(verdict, 'closed')
    assert.deepEqual(attempts, ALL_DENIED)
    const last = transcript.entries.at(-1)?.connection
    const heard = transcript.entries.filter(({ from, connection }) => from === 'client' && connection === last)
    const verbs = heard.map(({ line }) => line.slice(0, 4))
    assert.deepEqual(verbs.slice(-11), [
      ...['RSET', 'EHLO', 'MAIL', 'RCPT', 'EHLO', 'MAIL', 'RCPT', 'EHLO', 'MAIL', 'RCPT', 'QUIT'],
    ])
  })

  test(`a server that answers RSET with ${refused}, and EHLO ends nothing, is asked about one sender on each connection`, async (t) => {
    const inside = new Set<ScriptedSession>()
    const say: Say = (line, session) => {
      if (line === 'RSET') return refused
      if (!line.startsWith('MAIL')) return deny(line, session)
      if (inside.has(session)) return '503 5.5.1 Sender already specified'
      inside.add(session)
      return '250 Ok'
    }
    const { verdict, attempts, observations } = await visit(t, { say })
    assert.equal(verdict, 'closed')
    assert.deepEqual(attempts, ALL_DENIED)
    assert.equal(new Set(observations.rows.map(({ attempt }) => attempt.connection)).size, 4)
  })
}

test('answers after a failed RSET do not count', async (t) => {
  let isStuck = false
  const say: Say = (line, session) => {
    if (line === 'RSET') isStuck = true
    if (line.startsWith('EHLO')) isStuck = false
    if (line === 'RSET') return '502 5.5.1 unknown'
    return line.startsWith('RCPT') && isStuck ? '250 ok' : deny(line, session)
  }
  const { verdict, attempts } = await visit(t, { say }, { proof: 'recipient' })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, ALL_DENIED)
})

for (const goodbye of ['421 4.3.0 shutting down', '250 2.0.0 Bye', '200 Bye', '500 5.5.1 unknown', '226 see you']) {
  for (const pipelined of [true, false]) {
    test(`the reply ${goodbye} to QUIT, ${pipelined ? 'in' : 'without'} a group, leaves all answers valid`, async (t) => {
      const say: Say = (line, session) =>
        line === 'QUIT'
          ? goodbye
          : line.startsWith('EHLO') && !pipelined
            ? plainEhlo(line, session)
            : deny(line, session)
      const { verdict } = await visit(t, { say })
      assert.equal(verdict, 'closed')
    })
  }
}

test('two goodbyes to QUIT leave all answers valid', async (t) => {
  const say: Say = (line, session) => (line === 'QUIT' ? ['221 Bye', '221 and thanks'] : deny(line, session))
  assert.equal((await visit(t, { say }, { suite: 'full' })).verdict, 'closed')
})

test('an extra reply before the goodbye makes the answers unreliable', async (t) => {
  const say: Say = (line, session) => (line === 'QUIT' ? ['250 Ok', '221 Bye'] : deny(line, session))
  const { verdict, reason } = await visit(t, { say })
  assert.deepEqual([verdict, reason], ['inconclusive', 'protocol-error'])
})

test('if a server leaves out one answer of a group, the missing reply to RSET shows it', async (t) => {
  let left = false
  const say: Say = (line, session) => {
    if (!line.includes('%') || left) return deny(line, session)
    left = true
    return null
  }
  const { verdict } = await visit(t, { say }, { suite: 'full', patienceMs: 30_000 })
  assert.equal(verdict, 'closed', 'asked again, it is closed')
})

test('a 421 to RSET ends the session, and earlier answers stay valid', async (t) => {
  const say: Say = (line, session) => {
    if (line !== 'RSET') return deny(line, session)
    setImmediate(() => session.socket.end())
    return '421 4.4.2 closing'
  }
  const { verdict, attempts } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, ALL_DENIED)
})

test('a server that does not answer the QUIT of a group costs two seconds, and not all the time', async (t) => {
  const say: Say = (line, session) => (line === 'QUIT' ? null : deny(line, session))
  const startedAt = performance.now()
  const { verdict, server } = await visit(t, { say }, { suite: 'full', patienceMs: 60_000 })
  assert.equal(verdict, 'closed')
  assert.ok(performance.now() - startedAt < 30_000)
  assert.equal(server.lines.filter((line) => line === 'QUIT').length, server.connections, 'one QUIT each')
})

for (const words of ['503 AUTH first', '503 5.7.1 Relay access denied', '503 You must login first']) {
  test(`a RCPT answered with ${words} is a refusal, and not out of step`, async (t) => {
    const { verdict } = await visit(t, { say: (line) => (line.startsWith('RCPT') ? words : healthy(line)) })
    assert.equal(verdict, 'closed')
  })
}

test('a RCPT answered with 503 bad sequence of commands is out of step', async (t) => {
  const { reason } = await visit(t, {
    say: (line) => (line.startsWith('RCPT') ? '503 5.5.1 bad sequence of commands' : healthy(line)),
  })
  assert.equal(reason, 'protocol-error')
})

const WAYS_TO_TURN_AWAY: Readonly<Record<string, (session: ScriptedSession) => void>> = {
  'answers 421': ({ socket }) => socket.end('421 4.7.0 too many connections from your address\r\n'),
  'answers 554': ({ socket }) => socket.end('554 5.7.1 no more, please\r\n'),
  'hangs up on': ({ socket }) => socket.end(),
  resets: ({ socket }) => socket.resetAndDestroy(),
}
for (const most of [1, 2]) {
  for (const [how, turnAway] of Object.entries(WAYS_TO_TURN_AWAY)) {
    test(`a server that ${how} a client with more than ${most} connections is asked on that many`, async (t) => {
      const inside = new Set<number>()
      const { verdict, attempts, server } = await visit(
        t,
        {
          greeting: null,
          say: deny,
          connected: (session) => {
            if (inside.size >= most) return turnAway(session)
            inside.add(session.connection)
            session.socket.once('close', () => inside.delete(session.connection))
            session.socket.write('220 mail.example.com ESMTP\r\n')
          },
        },
        { suite: 'full' },
      )
      assert.deepEqual([verdict, new Set(Object.values(attempts))], ['closed', new Set(['relay-denied'])])
      assert.ok(server.connections <= 8)
    })
  }
}

test('if the first connection is dropped or deferred, there is a second one', async (t) => {
  for (const [how, turnAway] of Object.entries(WAYS_TO_TURN_AWAY)) {
    const script: Script = {
      greeting: null,
      say: deny,
      connected: (session) => {
        if (session.connection === 1) turnAway(session)
        else session.socket.write('220 mail.example.com ESMTP\r\n')
      },
    }
    const startedAt = performance.now()
    const { verdict, server } = await visit(t, script, { patienceMs: 15_000 })
    if (how === 'answers 421') assert.ok(performance.now() - startedAt >= 5_000, 'not at once')
    assert.equal(verdict, how === 'answers 554' ? 'inconclusive' : 'closed', how)
    assert.equal(server.connections, how === 'answers 554' ? 1 : 2, how)
  }
})

test('a server that refuses us in its greeting is not visited again, even in the full suite', async (t) => {
  const { reason, server } = await visit(t, { greeting: '554 5.7.1 no', say: healthy }, { suite: 'full' })
  assert.equal(reason, 'greeting-refused')
  assert.ok(server.connections <= 3, 'the first, and two that were opened early')
})

test('a server that ends each session after one sender is asked about the others on new sessions', async (t) => {
  const senders = new Map<number, number>()
  const say: Say = (line, session) => {
    const count = (senders.get(session.connection) ?? 0) + Number(line.startsWith('MAIL'))
    senders.set(session.connection, count)
    if (count < 2) return deny(line, session)
    session.socket.end('421 4.4.2 one message a connection\r\n')
    return null
  }
  const { verdict, attempts } = await visit(t, { say })
  assert.deepEqual([verdict, attempts], ['closed', ALL_DENIED])
})

test('an Exchange server is not asked the rarest forms of the full suite, and a caveat says so', async (t) => {
  const refusals = new Map<number, number>()
  const say: Say = (line, session) => {
    if (!line.startsWith('RCPT')) return healthy(line)
    refusals.set(session.connection, (refusals.get(session.connection) ?? 0) + 1)
    return '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain'
  }
  const greeting = '220 mail.example.com Microsoft ESMTP MAIL Service ready at Tue, 24 Nov 2026 10:00:00 +0000'
  const { verdict, attempts, caveats, server } = await visit(t, { greeting, say }, { suite: 'full' })
  assert.deepEqual([verdict, caveats], ['closed', ['forms-spared']])
  const asked = Object.values(attempts).filter((came) => came === 'relay-denied').length
  assert.ok(asked >= 21, `${asked} forms`)
  assert.equal(Object.values(attempts).filter((came) => came === 'spared').length, 33 - asked)
  assert.ok(server.connections <= 8)
  assert.ok([...refusals.values()].every((count) => count <= 4))
})

test('a message that arrives counts as delivered, even if its final dot got no answer', async (t) => {
  const say: Say = (line, { socket }) => {
    if (line !== '.') return healthy(line)
    socket.destroy()
    return null
  }
  const { verdict, evidence } = await visit(t, { say }, { proof: 'delivery', arrival: async () => SEEN })
  assert.deepEqual([verdict, evidence], ['open', 'delivered'])
})

test('we do not wait for a message whose final dot was refused', async (t) => {
  const waits: number[] = []
  const arrival = async (_form: unknown, ms: number) => {
    waits.push(ms)
    return null
  }
  const { reason } = await visit(
    t,
    { say: (line) => (line === '.' ? '554 5.6.0 spam' : healthy(line)) },
    { proof: 'delivery', arrival },
  )
  assert.equal(reason, 'content-refused')
  assert.ok(waits.length > 0 && waits.every((ms) => ms === 0), String(waits))
})

test('after an extra reply, the answers of that connection do not count, and commands are sent one at a time', async (t) => {
  const say: Say = (line, session) =>
    line.startsWith('RCPT TO:<outside') && session.connection === 1
      ? ['554 5.7.1 Relay access denied', '554 see http://example.com']
      : deny(line, session)
  const { verdict, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.equal(server.connections, 2)
  assert.ok(
    server.segments.slice(3).every((segment) => segment.split('\r\n').length === 2),
    'one command at a time',
  )
})

test('a ban in unknown words that exempts postmaster is never called closed', async (t) => {
  const say: Say = (line) =>
    line.startsWith('RCPT TO:<postmaster@')
      ? '250 ok'
      : line.startsWith('RCPT')
        ? '550 The moon is full tonight'
        : healthy(line)
  const { verdict, reason, attempts } = await visit(t, { say })
  assert.deepEqual([verdict, reason], ['inconclusive', 'words-unknown'])
  assert.equal(attempts['random-local-control'], 'other')
})

test('a server that accepts one recipient in a transaction is asked about the others again', async (t) => {
  let recipients = 0
  const say: Say = (line, session) => {
    if (line.startsWith('MAIL')) recipients = 0
    if (line.startsWith('RCPT') && ++recipients > 1) return '452 4.5.3 Error: too many recipients'
    return deny(line, session)
  }
  const { verdict, attempts, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, ALL_DENIED)
  assert.equal(server.connections, 2)
})

test('if each refusal takes longer, we hang up, and ask one form on each connection', async (t) => {
  let refusals = 0
  const say: Say = (line, { socket, connection }) => {
    if (!line.startsWith('RCPT')) return healthy(line)
    refusals += 1
    const after = connection === 1 ? 4_200 * 1.6 ** (refusals - 1) : 0
    setTimeout(() => socket.writable && socket.write('554 5.7.1 Relay access denied\r\n'), after)
    return null
  }
  const plain: Say = (line, session) => (line.startsWith('EHLO') ? '250 mail.example.com' : say(line, session))
  const { verdict, attempts, server } = await visit(t, { say: plain }, { patienceMs: 40_000 })
  assert.equal(verdict, 'closed')
  assert.deepEqual(attempts, ALL_DENIED)
  assert.equal(server.connections, 4, 'the first, and one for each of the three forms that were left')
})

/** Refuses strangers in words that say nothing, and accepts any local part at its own domain. */
const vagueCatchAll: Say = (line) => {
  if (!line.startsWith('RCPT')) return healthy(line)
  return /^RCPT TO:<[^@]*@example\.com>/.test(line) ? '250 ok' : '550 no thanks'
}

for (const proof of ['recipient', 'message'] as const) {
  test(`with proof ${proof}, a control does not settle an ambiguous form whose message was not sent`, async (t) => {
    const { verdict, reason, server } = await visit(t, { say: vagueCatchAll }, { proof })
    assert.deepEqual([verdict, reason], ['inconclusive', 'ambiguous-accepted'])
    assert.ok(!server.lines.includes('DATA'))
  })
}

test('a catch-all at the own domain does not settle a source route', async (t) => {
  const say: Say = (line, session) => (line.startsWith('RCPT TO:<@[') ? '250 ok' : catchAll(line, session))
  const { verdict, reason } = await visit(t, { say }, { suite: 'full', proof: 'delivery', patienceMs: 4_500 })
  assert.deepEqual([verdict, reason], ['inconclusive', 'ambiguous-accepted'])
})

for (const words of [
  '550 5.7.1 sender is not a local account',
  '554 5.7.1 not a valid local sender',
  '550 5.7.1 Policy: unknown local sender',
  '550 Administrative prohibition',
  '530 Authentication required for local senders',
  '550 relay not permitted for unknown sender',
]) {
  test(`after an own-domain sender refused with "${words}", a sender that exists is tried`, async (t) => {
    let sender = ''
    const say: Say = (line) => {
      if (line.startsWith('MAIL')) sender = line
      if (!line.startsWith('RCPT') || sender.includes('<postmaster@')) return healthy(line)
      return sender.includes('<sender@') ? words : '550 relay not permitted'
    }
    const { verdict, cause } = await visit(t, { say })
    assert.deepEqual([verdict, cause], ['open', 'own-domain-sender'])
  })
}

for (const [ban, verdictBefore] of [
  ['550 go away', 'at MAIL, without a reason'],
  ['500 5.5.1 Command unrecognized', 'as unknown commands'],
] as const) {
  test(`a ban after the first refusal, ${verdictBefore}, is not called closed`, async (t) => {
    let banned = false
    const say: Say = (line, session) => {
      if (banned && /^(MAIL|RCPT)/.test(line)) return ban
      banned ||= line.startsWith('RCPT')
      return deny(line, session)
    }
    const { verdict, reason } = await visit(t, { say })
    assert.deepEqual([verdict, reason], ['inconclusive', 'vantage-blocked'])
  })
}

test('a ban after the first refusal that spares postmaster is not called closed', async (t) => {
  let banned = false
  const say: Say = (line, session) => {
    if (line.startsWith('RCPT TO:<postmaster@')) return '250 ok'
    if (banned && line.startsWith('RCPT')) return '550 Access denied'
    banned ||= line.startsWith('RCPT')
    return deny(line, session)
  }
  const { verdict, reason } = await visit(t, { say })
  assert.deepEqual([verdict, reason], ['inconclusive', 'vantage-blocked'])
})

test('at most three messages are sent, whether answered or not', async (t) => {
  const say: Say = (line, { socket }) => {
    if (line !== '.') return healthy(line)
    socket.destroy()
    return null
  }
  const { server } = await visit(t, { say }, { proof: 'delivery' })
  assert.ok(server.lines.filter((line) => line === '.').length <= 3)
})

test('early connections that are turned away are closed again', async (t) => {
  const closed = new Set<number>()
  const opened = new Set<number>()
  const { server } = await visit(
    t,
    {
      say: (line, session) => (session.connection > 1 && line.startsWith('EHLO') ? '421 busy' : deny(line, session)),
      connected: ({ socket, connection }) => {
        opened.add(connection)
        socket.once('close', () => closed.add(connection))
      },
    },
    { suite: 'full' },
  )
  assert.ok(server.connections > 1)
  const left = () => [...opened].filter((connection) => !closed.has(connection))
  const end = performance.now() + 2_000
  while (left().length > 0 && performance.now() < end) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(left(), [])
})
