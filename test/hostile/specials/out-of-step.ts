/** Servers whose replies do not belong to what was asked. */
import assert from 'node:assert/strict'
import { at, DENIED, neverAsksMore, type Special } from './special.ts'

const READ_CAP = 64 * 1024

/** Each of the three senders of the suite has a connection of its own in the end, and none a RSET. */
const neverResetsInTheEnd: Special['check'] = ({ server }) => {
  for (const { heard } of server.peers.slice(-3)) {
    assert.equal(heard.filter((line) => line.startsWith('MAIL')).length, 1)
    assert.ok(!heard.includes('RSET'))
  }
}

/** Replies that do not belong to what was asked. */
export const OUT_OF_STEP: readonly Special[] = [
  {
    name: 'a reply right after the greeting',
    separates: 'an answer that was there before its command is no answer to it',
    expected: 'protocol-error',
    script: at('greeting', '220 mail.example.com\r\n250 mail.example.com\r\n'),
    check: neverAsksMore,
  },
  {
    name: 'the replies of a whole session that relays, said by heart',
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
    check: ({ server }) => assert.equal(server.peers.length, 2),
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
    separates: 'a farewell that nobody asked for is the end of the connection, no disorder',
    expected: 'dropped',
    script: at('MAIL', '250 Ok\r\n421 4.4.2 timeout\r\n'),
  },
  {
    name: '221 to RSET',
    separates:
      'a farewell that answers anything but QUIT shows that a command was skipped: what was said there is taken back',
    expected: 'closed',
    script: at('RSET', '221 2.0.0 Bye\r\n'),
    check: neverResetsInTheEnd,
  },
  {
    name: '502 to RSET after a MAIL that was taken',
    separates: 'what follows may belong to a transaction that is still open: one sender a connection does without RSET',
    expected: 'closed',
    script: at('RSET', '502 5.5.1 what\r\n'),
    check: neverResetsInTheEnd,
  },
  {
    name: 'another code than 221 to QUIT',
    separates: 'any reply to QUIT will do',
    expected: 'closed',
    script: at('QUIT', '250 2.0.0 Ok\r\n'),
  },
  {
    name: '250 to everything, DATA included',
    separates: 'a server that says yes whatever it hears has taken no message',
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
    separates: 'nor where EHLO already is answered so',
    expected: 'greeting-refused',
    script: () => (moment) => (moment === 'connect' || moment === 'greeting' ? undefined : '354 go ahead\r\n'),
    check: neverAsksMore,
  },
  {
    name: 'two replies to the final dot',
    separates: 'disorder after a message was taken does not take it back',
    expected: 'open',
    habits: { relays: 'plain' },
    script: at('final dot', '250 queued\r\n250 queued again\r\n'),
  },
  {
    name: 'a reset at QUIT after a message',
    separates: 'how an open relay says farewell does not matter',
    expected: 'open',
    habits: { relays: 'plain' },
    script: at('QUIT', (peer) => {
      peer.wire.resetAndDestroy()
      return null
    }),
  },
  {
    name: 'the same recipient taken, then refused',
    separates: 'the later answer, in the transaction that would have carried the message, counts',
    expected: 'closed',
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
    separates: 'a farewell within a group costs two seconds, not the rest of the test',
    expected: 'closed',
    habits: { pipelining: true },
    options: { suite: 'full', patienceMs: 15_000 },
    script: at('QUIT', null),
  },
]
