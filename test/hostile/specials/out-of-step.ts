/** Servers whose replies do not belong to the commands. */
import assert from 'node:assert/strict'
import { at, DENIED, mostNamed, neverAsksMore, type Special } from './special.ts'

const READ_CAP = 64 * 1024

/** At the end, each of the three senders of the suite has its own connection, and no connection sends RSET. */
const neverResetsInTheEnd: Special['check'] = ({ server }) => {
  for (const { heard } of server.peers.slice(-3)) {
    assert.equal(heard.filter((line) => line.startsWith('MAIL')).length, 1)
    assert.ok(!heard.includes('RSET'))
  }
}

/** The only connection hears RSET once, and then EHLO before each other sender. */
const saysEhloBetweenSenders: Special['check'] = ({ server }) => {
  const verbs = server.peers.map(({ heard }) => heard.map((line) => line.slice(0, 4)).filter((verb) => verb !== 'RCPT'))
  const [[hello, ...rest] = [], ...others] = verbs
  const again = ['EHLO', 'MAIL']
  assert.deepEqual(others, [])
  assert.deepEqual([hello, ...rest.slice(0, 2)], ['EHLO', 'MAIL', 'RSET'])
  assert.deepEqual(rest.slice(2, -1), Array.from({ length: (rest.length - 3) / 2 }, () => again).flat())
}

export const OUT_OF_STEP: readonly Special[] = [
  {
    name: 'a reply right after the greeting',
    separates: 'an answer that was there before its command is no answer to it',
    expected: 'protocol-error',
    script: at('greeting', '220 mail.example.com\r\n250 mail.example.com\r\n'),
    check: neverAsksMore,
  },
  {
    name: 'the replies of a whole relaying session, sent before any command',
    separates: 'replies that nobody asked for prove no relay',
    expected: 'protocol-error',
    script: at('greeting', `220 mail.example.com\r\n${'250 Ok\r\n'.repeat(11)}354 go\r\n250 queued\r\n221 Bye\r\n`),
    check: neverAsksMore,
  },
  {
    name: 'a surplus reply in a pipelined group, once',
    separates: 'a group out of step is asked again, one command at a time',
    expected: 'closed',
    habits: { pipelining: true },
    script: at('RCPT', ({ connection }) => (connection === 1 ? `${DENIED}\r\n${DENIED}\r\n` : undefined)),
    check: (visited) => assert.equal(mostNamed(visited), 2),
  },
  {
    name: 'a surplus reply whenever a recipient is named',
    separates: 'a server that stays out of step is not called closed',
    expected: 'protocol-error',
    script: at('RCPT', `${DENIED}\r\n${DENIED}\r\n`),
  },
  {
    name: 'a flood of replies to EHLO',
    separates: 'ten thousand whole replies are stopped at the first too many, not at a cap',
    expected: 'protocol-error',
    script: at('EHLO', '250 Ok\r\n'.repeat(10_000)),
    check: ({ bytesRead }) => assert.ok((bytesRead[0] ?? 0) <= 2 * READ_CAP),
  },
  {
    name: '421 in the same breath as the reply to MAIL',
    separates: 'a 421 that nobody asked for ends the connection, and does not count as out of step',
    expected: 'dropped',
    script: at('MAIL', '250 Ok\r\n421 4.4.2 timeout\r\n'),
  },
  {
    name: '221 to RSET',
    separates:
      'a 221 to a command other than QUIT shows that a command was skipped: the replies of that connection do not count',
    expected: 'closed',
    script: at('RSET', '221 2.0.0 Bye\r\n'),
    check: neverResetsInTheEnd,
  },
  {
    name: '502 to RSET after a MAIL that was taken',
    separates:
      'later replies may belong to a transaction that is still open: EHLO ends it, on the same connection, and RSET is not tried twice',
    expected: 'closed',
    script: at('RSET', '502 5.5.1 what\r\n'),
    check: saysEhloBetweenSenders,
  },
  {
    name: 'another code than 221 to QUIT',
    separates: 'any reply to QUIT will do',
    expected: 'closed',
    script: at('QUIT', '250 2.0.0 Ok\r\n'),
  },
  {
    name: '250 to everything, DATA included',
    separates: 'a server that says yes to everything has not accepted a message',
    expected: 'protocol-error',
    habits: { relays: 'plain' },
    script: at('DATA', '250 Ok\r\n'),
    check: ({ server }) => assert.ok(!server.peers.some(({ heard }) => heard.includes('.'))),
  },
  {
    name: '354 to RCPT',
    separates: 'an invitation to send that answers something else is not followed',
    expected: 'protocol-error',
    script: at('RCPT', '354 go ahead\r\n'),
    check: ({ server }) => assert.ok(!server.peers.some(({ heard }) => heard.includes('DATA'))),
  },
  {
    name: '354 to everything after the greeting',
    separates: 'a 354 to EHLO is not followed either',
    expected: 'greeting-refused',
    script: () => (moment) => (moment === 'connect' || moment === 'greeting' ? undefined : '354 go ahead\r\n'),
    check: neverAsksMore,
  },
  {
    name: 'two replies to the final dot',
    separates: 'a surplus reply after an accepted message does not undo it',
    expected: 'open',
    habits: { relays: 'plain' },
    script: at('final dot', '250 queued\r\n250 queued again\r\n'),
  },
  {
    name: 'a reset at QUIT after a message',
    separates: 'it does not matter how an open relay ends the session',
    expected: 'open',
    habits: { relays: 'plain' },
    script: at('QUIT', (peer) => {
      peer.wire.resetAndDestroy()
      return null
    }),
  },
  {
    name: 'the same recipient taken, then refused',
    separates: 'a recipient that was taken stays taken: the later answer comes from another node or another time',
    expected: 'recipient-accepted',
    script: () => {
      const seen = new Set<string>()
      return (moment, _peer, line) => {
        if (moment !== 'RCPT' || line.includes('%') || seen.has(line)) return undefined
        seen.add(line)
        return '250 2.1.5 Ok\r\n'
      }
    },
    check: ({ server }) => assert.ok(!server.peers.some(({ heard }) => heard.includes('.'))),
  },
  {
    name: 'PIPELINING offered, and only the first command of a group answered',
    separates: 'missing answers of a group are waited for no longer than the deadline',
    expected: 'deadline',
    habits: { pipelining: true },
    script: at('MAIL', (peer) => {
      peer.deaf = true
      return '250 2.1.0 Ok\r\n'
    }),
  },
  {
    name: 'QUIT of a group ignored',
    separates: 'an unanswered QUIT costs two seconds, not the rest of the test',
    expected: 'closed',
    habits: { pipelining: true },
    options: { suite: 'full', patienceMs: 15_000 },
    script: at('QUIT', null),
  },
]
