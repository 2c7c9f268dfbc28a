/** Tests of scripted servers that ban, limit or lose things: the questions that follow, and the verdict. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORMS, formsOf } from '../../src/relay/forms.ts'
import { healthy, type Say, type ScriptedSession } from '../harness/mail-server.ts'
import { ALL_DENIED, deny, plainEhlo, visit } from '../harness/visit.ts'

const DENIED = '554 5.7.1 Relay access denied'

/** Returns a function that counts the matching lines of each connection, and returns the count so far. */
function counting(pattern: RegExp) {
  const counts = new Map<number, number>()
  return (line: string, { connection }: ScriptedSession): number => {
    const count = (counts.get(connection) ?? 0) + Number(pattern.test(line))
    counts.set(connection, count)
    return count
  }
}

const hangUp = ({ socket }: ScriptedSession, last?: string): null => {
  socket.end(last === undefined ? '' : `${last}\r\n`)
  return null
}

test('a reply that is missing in a group hides no relay', async (t) => {
  for (let lost = 1; lost <= 10; lost += 1) {
    const countOf = counting(/./)
    const say: Say = (line, session) => {
      const said = line.includes('%') ? '250 ok' : deny(line, session)
      return countOf(line, session) === lost + 1 ? null : said
    }
    const { verdict } = await visit(t, { say }, { patienceMs: 400, proof: 'recipient' })
    assert.equal(verdict, 'inconclusive', `reply ${lost} after EHLO`)
  }
})

test('two replies that are swapped hide no relay', async (t) => {
  const countOf = counting(/^(MAIL|RCPT)/)
  let kept: string | null = null
  const say: Say = (line, session) => {
    const said = line.includes('%') ? '250 ok' : [deny(line, session) ?? []].flat().join('')
    if (!/^(MAIL|RCPT)/.test(line)) return line.startsWith('EHLO') ? deny(line, session) : said
    if (countOf(line, session) === 1) {
      kept = said
      return null
    }
    const both = kept === null ? said : [said, kept]
    kept = null
    return both
  }
  const { verdict } = await visit(t, { say }, { patienceMs: 1_000, proof: 'recipient' })
  assert.equal(verdict, 'inconclusive')
})

for (const ban of [
  '550 Sender rejected',
  '553 5.1.8 Sender denied',
  '550 5.7.1 Sender address rejected: Access denied',
  '530 5.7.0 Authentication required',
  '550 5.1.1 mailbox unavailable',
  '550 5.7.1 Access denied',
]) {
  for (const at of ['MAIL', 'RCPT']) {
    test(`a ban that says "${ban}" to ${at} after two refusals hides no trust in own senders`, async (t) => {
      let refused = 0
      const say: Say = (line, session) => {
        if (refused >= 2 && line.startsWith(at)) return ban
        refused += Number(line.startsWith('RCPT'))
        return deny(line, session)
      }
      const { verdict, reason } = await visit(t, { say })
      assert.deepEqual([verdict, reason], ['inconclusive', 'vantage-blocked'])
    })
  }
}

// No session is asked for more than eight recipients.
for (const limit of [2, 5, 6, 7]) {
  for (const ban of ['550 5.7.1 Access denied', '550 Administrative prohibition', '550 5.1.1 User unknown']) {
    test(`a ban of a session after ${limit} refusals, in the words "${ban}", is detected at the end of the session`, async (t) => {
      const countOf = counting(/^RCPT/)
      const say: Say = (line, session) =>
        countOf(line, session) > limit && line.startsWith('RCPT') ? ban : deny(line, session)
      const { verdict, caveats, server } = await visit(t, { say }, { suite: 'full' })
      // Five forms are of the standard part. A ban that begins later does not change its verdict.
      assert.equal(verdict, limit < 5 ? 'inconclusive' : 'closed')
      assert.equal(caveats.includes('forms-unanswered'), true)
      assert.ok(server.connections <= 8)
    })
  }
}

test('a ban of everything that begins late in the full suite changes no verdict, and a caveat says so', async (t) => {
  let refused = 0
  const say: Say = (line, session) => {
    if (!line.startsWith('RCPT')) return deny(line, session)
    refused += 1
    return refused > 25 ? '501 5.5.4 Bad address' : DENIED
  }
  const { verdict, caveats } = await visit(t, { say }, { suite: 'full' })
  assert.deepEqual([verdict, caveats], ['closed', ['forms-unanswered']])
})

test('a random local part whose MAIL is refused says nothing about users', async (t) => {
  let banned = false
  const say: Say = (line) => {
    if (banned && line.startsWith('MAIL')) return '550 5.7.1 Access denied'
    if (line.startsWith('RCPT TO:<postmaster@')) {
      banned = true
      return '250 ok'
    }
    return line.startsWith('RCPT') ? '550 no thanks' : healthy(line)
  }
  const { reason } = await visit(t, { say })
  assert.equal(reason, 'words-unknown')
})

test('a sender that is still being verified is not refused yet', async (t) => {
  const say: Say = (line, session) => {
    if (!/^MAIL FROM:<(sender|postmaster)@example/.test(line)) return deny(line, session)
    return '450 4.1.7 Sender address rejected: unverified address: Address verification in progress'
  }
  const { reason } = await visit(t, { say })
  assert.equal(reason, 'greylisted')
})

for (const suite of ['standard', 'full'] as const) {
  test(`a server that ends the transaction at a refused recipient gets one recipient at a time, in the ${suite} suite`, async (t) => {
    const open = new Map<number, boolean>()
    const say: Say = (line, session) => {
      const { connection } = session
      if (line.startsWith('MAIL')) open.set(connection, true)
      if (!line.startsWith('RCPT')) return healthy(line)
      const isOpen = open.get(connection)
      open.set(connection, false)
      return isOpen ? DENIED : '503 5.5.1 need MAIL'
    }
    const { verdict, server } = await visit(t, { say }, { suite })
    assert.equal(verdict, 'closed')
    assert.ok(server.connections <= 8)
  })
}

for (const limit of [1, 2, 3, 4]) {
  test(`an open server that accepts ${limit} senders in a session gets the message on another one`, async (t) => {
    for (const said of ['452 4.5.3 Too many messages this session', '421 4.7.0 enough', '550 5.7.0 no more']) {
      const countOf = counting(/^MAIL/)
      const say: Say = (line, session) => {
        const isOver = countOf(line, session) > limit && line.startsWith('MAIL')
        if (isOver && said.startsWith('421')) return hangUp(session, said)
        return isOver ? said : healthy(line)
      }
      const { verdict } = await visit(t, { say })
      assert.equal(verdict, 'open', said)
    }
  })
}

test('a connection is kept for the message of the full suite', async (t) => {
  const { verdict, server } = await visit(
    t,
    {
      greeting: null,
      say: healthy,
      connected: (session) => {
        if (session.connection > 2 && session.connection < 8) hangUp(session, '421 4.7.0 too many connections')
        else session.socket.write('220 mail.example.com ESMTP\r\n')
      },
    },
    { suite: 'full' },
  )
  assert.equal(verdict, 'open')
  assert.ok(server.connections <= 8)
})

for (const [how, last] of [
  ['a 421', '421 4.7.0 Too many errors'],
  ['the end of the connection', undefined],
] as const) {
  test(`after ${how} in place of the second refusal, each session gets one refusal`, async (t) => {
    const countOf = counting(/^RCPT/)
    const say: Say = (line, session) => {
      if (countOf(line, session) > 1 && line.startsWith('RCPT')) return hangUp(session, last)
      return line.startsWith('EHLO') ? plainEhlo(line, session) : deny(line, session)
    }
    const { verdict, attempts } = await visit(t, { say })
    assert.deepEqual([verdict, attempts], ['closed', ALL_DENIED])
  })

  test(`after ${how} in place of a control's answer, the control is asked again`, async (t) => {
    const countOf = counting(/^RCPT/)
    const say: Say = (line, session) => {
      if (countOf(line, session) > 5 && line.startsWith('RCPT')) return hangUp(session, last)
      if (line.startsWith('RCPT TO:<postmaster@')) return '250 ok'
      return line.startsWith('RCPT') ? '550 User unknown' : healthy(line)
    }
    const { verdict } = await visit(t, { say })
    assert.equal(verdict, 'closed')
  })
}

for (const said of ['452 4.5.3', '550 5.5.3', '552 5.5.3', '451 4.5.3']) {
  for (const per of ['MAIL', 'EHLO']) {
    test(`after "${said} too many recipients", each ${per === 'MAIL' ? 'transaction' : 'session'} has one recipient`, async (t) => {
      const taken = new Map<number, number>()
      const say: Say = (line, session) => {
        const { connection } = session
        if (line.startsWith(per)) taken.set(connection, 0)
        if (!line.startsWith('RCPT')) return healthy(line)
        taken.set(connection, (taken.get(connection) ?? 0) + 1)
        return (taken.get(connection) ?? 0) > 1 ? `${said} too many recipients` : DENIED
      }
      const { verdict } = await visit(t, { say })
      assert.equal(verdict, 'closed')
    })
  }
}

for (const goodbye of [['Bye'], ['250 Bye', 'Connection closed'], ['221-Bye', '220 Bye']]) {
  test(`a goodbye that is not an SMTP reply, ${goodbye.join(' and ')}, leaves all answers valid`, async (t) => {
    const say: Say = (line, session) => (line === 'QUIT' ? goodbye : deny(line, session))
    for (const suite of ['standard', 'full'] as const) {
      assert.equal((await visit(t, { say }, { suite })).verdict, 'closed', suite)
    }
  })
}

test('we do not wait for the greeting of connections that are not needed', { timeout: 20_000 }, async (t) => {
  const connected = (session: ScriptedSession) => {
    if (session.connection === 1) hangUp(session, '554 5.7.1 no')
  }
  const { reason } = await visit(t, { greeting: null, say: healthy, connected }, { suite: 'full', patienceMs: 60_000 })
  assert.equal(reason, 'greeting-refused')
})

test('a test that is stopped does not wait for its greeting', { timeout: 20_000 }, async (t) => {
  const stop = new AbortController()
  const connected = () => stop.abort()
  const { reason } = await visit(
    t,
    { greeting: null, say: healthy, connected },
    { stop: stop.signal, patienceMs: 60_000 },
  )
  assert.equal(reason, 'interrupted')
})

test('a server that serves one client at a time, and lets others wait, is asked everything', {
  timeout: 30_000,
}, async (t) => {
  const queue: ScriptedSession[] = []
  const serve = (session: ScriptedSession | undefined) => session?.socket.write('220 mail.example.com ESMTP\r\n')
  const connected = (session: ScriptedSession) => {
    queue.push(session)
    if (queue.length === 1) serve(session)
    session.socket.once('close', () => {
      const wasServed = queue[0] === session
      queue.splice(queue.indexOf(session), 1)
      if (wasServed) serve(queue[0])
    })
  }
  const { verdict, attempts } = await visit(
    t,
    { greeting: null, say: deny, connected },
    { suite: 'full', patienceMs: 25_000 },
  )
  assert.deepEqual([verdict, new Set(Object.values(attempts))], ['closed', new Set(['relay-denied'])])
})

/** Returns the most refusals of MAIL and RCPT that any connection had. */
async function mostRefusals(t: Parameters<typeof visit>[0], say: Say, options: Parameters<typeof visit>[2] = {}) {
  const refusals = new Map<number, number>()
  const counted: Say = (line, session) => {
    const said = say(line, session)
    const isRefusal = /^[45]/.test([said ?? []].flat()[0] ?? '')
    refusals.set(session.connection, (refusals.get(session.connection) ?? 0) + Number(isRefusal))
    return said
  }
  await visit(t, { say: counted }, options)
  return Math.max(...refusals.values())
}

test('no connection gets more than nine refusals, controls included', async (t) => {
  const banAfter = (limit: number): Say => {
    let refused = 0
    return (line, session) => {
      if (!line.startsWith('RCPT')) return deny(line, session)
      refused += 1
      return refused > limit ? '550 5.7.1 Access denied' : DENIED
    }
  }
  for (const limit of [0, 1, 5, 20, 30]) {
    assert.ok((await mostRefusals(t, banAfter(limit), { suite: 'full' })) <= 9, `full, from the ${limit}th on`)
    assert.ok((await mostRefusals(t, banAfter(limit))) <= 9, `standard, from the ${limit}th on`)
  }
})

test('a server that requires STARTTLS, hangs up, and does not offer it, is tls-failed', async (t) => {
  for (const most of [1, 2, 3]) {
    const countOf = counting(/^(MAIL|RCPT)/)
    const say: Say = (line, session) => {
      if (!/^(MAIL|RCPT|RSET)/.test(line)) return healthy(line)
      if (countOf(line, session) > most) return hangUp(session)
      return '530 5.7.0 Must issue a STARTTLS command first'
    }
    const { reason } = await visit(t, { say })
    assert.equal(reason, 'tls-failed', `after ${most}`)
  }
})

test('every form of the full suite is asked', async (t) => {
  const { attempts } = await visit(t, { say: deny }, { suite: 'full' })
  for (const { id } of formsOf('full')) assert.equal(attempts[id], 'relay-denied', id)
  assert.ok(FORMS.length > formsOf('full').length)
})

test('without PIPELINING, software that allows more is asked on three connections after the standard part, in equal shares', async (t) => {
  const asked: number[] = []
  const say: Say = (line, session) => {
    if (/^(MAIL|RCPT)/.test(line)) asked.push(session.connection)
    return line.startsWith('RCPT') ? DENIED : plainEhlo(line, session)
  }
  const { verdict, server } = await visit(
    t,
    { say, greeting: '220 mail.example.com ESMTP OpenSMTPD' },
    { suite: 'full' },
  )
  assert.deepEqual([verdict, server.connections], ['closed', 3])
  const standard = 9
  assert.deepEqual(new Set(asked.slice(0, standard)), new Set([1]), 'MAIL and RCPT of five forms and four senders')
  assert.deepEqual(new Set(asked.slice(standard, standard + 6)), new Set([1, 2, 3]))
  const shares = [1, 2, 3].map((number) => asked.slice(standard).filter((connection) => connection === number).length)
  assert.ok(Math.max(...shares) - Math.min(...shares) <= 6, `MAIL and RCPT by connection: ${shares}`)
})

test('one command at a time, RSET comes before the next transaction, and QUIT replaces the last one', async (t) => {
  const say: Say = (line, session) => (line.startsWith('RCPT') ? DENIED : plainEhlo(line, session))
  const { verdict, server } = await visit(t, { say })
  assert.equal(verdict, 'closed')
  const verbs = server.lines.map((line) => line.slice(0, 4))
  const [hello, ...asked] = verbs
  assert.equal(hello, 'EHLO')
  assert.deepEqual(asked, [
    'MAIL',
    'RCPT',
    'RCPT',
    'RSET',
    'MAIL',
    'RCPT',
    'RSET',
    'MAIL',
    'RCPT',
    'RSET',
    'MAIL',
    'RCPT',
    'QUIT',
  ])
})

test('a message is sent after the RSET of the transaction before it', async (t) => {
  const { verdict, server } = await visit(t, { say: plainEhlo })
  assert.equal(verdict, 'open')
  const data = server.lines.indexOf('DATA')
  assert.deepEqual(
    server.lines.slice(data - 3, data).map((line) => line.slice(0, 4)),
    ['RSET', 'MAIL', 'RCPT'],
  )
})

test('after a vague refusal of the outside sender, the full suite asks postmaster once, along with other forms', async (t) => {
  const say: Say = (line, session) => {
    if (line.startsWith('RCPT TO:<postmaster@')) return '250 ok'
    return line.startsWith('RCPT') ? '550 5.1.1 Invalid recipient' : plainEhlo(line, session)
  }
  const { verdict, server, attempts } = await visit(t, { say }, { suite: 'full' })
  assert.equal(verdict, 'closed')
  assert.equal(attempts['postmaster-control'], 'accepted')
  const toPostmaster = [...server.lines.keys()].filter((at) => server.lines[at]?.startsWith('RCPT TO:<postmaster@'))
  // The own-domain sender also writes to it, for the finding, and in a transaction of its own.
  const strangers = toPostmaster.filter((at) => server.lines[at - 1] !== 'MAIL FROM:<sender@example.com>')
  assert.deepEqual([strangers.length, toPostmaster.length], [1, 2])
  assert.ok(server.connections <= 6)
})
