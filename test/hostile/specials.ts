import assert from 'node:assert/strict'
import { flood } from './faults.ts'
import { EXPIRED, type HostileOptions, type Moment, type Peer, type Script } from './server.ts'
import type { Visited, VisitOptions } from './visit.ts'

/** A server that misbehaves in a way of its own. */
export interface Special {
  readonly name: string
  /** What it tells apart that no other row, and no cell of the matrix, does. */
  readonly separates: string
  /** The reason where the verdict is inconclusive, the verdict otherwise. */
  readonly expected: string
  /** A script of its own for each run: some keep count. */
  readonly script: () => Script
  readonly habits?: Omit<HostileOptions, 'script'>
  readonly options?: VisitOptions
  readonly check?: (visited: Visited) => void
}

const DENIED = '554 5.7.1 Relay access denied'

/** Says something at one moment, the usual at every other. */
const at =
  (wanted: Moment, said: string | Buffer | null | ((peer: Peer, line: string) => string | Buffer | null | undefined)) =>
  (): Script =>
  (moment, peer, line) => {
    if (moment !== wanted) return undefined
    return typeof said === 'function' ? said(peer, line) : said
  }

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')

/** Gives back the bytes that an escaped line stands for. */
const unescaped = (line: string): string =>
  line.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Every RCPT is refused in words that carry something hostile: it comes out escaped, and can be read back. */
function hostileWords(name: string, separates: string, words: string): Special {
  const line = `554 5.7.1 ${words} Relay access denied`
  return {
    name: `${name} in a reply`,
    separates,
    expected: 'closed',
    script: at('RCPT', `${line}\r\n`),
    check({ transcript }) {
      const shown = transcript.entries.filter(({ from, line: text }) => from === 'server' && text.startsWith('554'))
      assert.ok(shown.length >= 4)
      for (const entry of shown) assert.equal(unescaped(entry.line), line)
    },
  }
}

/** A reply to RCPT that is none. */
const noReply = (line: string, separates: string): Special => ({
  name: `${JSON.stringify(line)} as a reply`,
  separates,
  expected: 'protocol-error',
  script: at('RCPT', `${line}\r\n`),
})

/** Lines of a reply to EHLO. */
const keywords = (count: number): string =>
  `${Array.from({ length: count }, (_, index) => `250-X${index}\r\n`).join('')}250 HELP\r\n`

const neverAsksMore = ({ server }: Visited) => {
  for (const { heard } of server.peers) assert.ok(!heard.some((line) => /^(MAIL|RCPT|DATA)/.test(line)))
}

const saysNoMoreAfterStartTls = ({ server }: Visited) => {
  const asked = server.peers.filter(({ heard }) => heard.includes('STARTTLS'))
  assert.ok(asked.length > 0 && asked.every(({ heard }) => heard.at(-1) === 'STARTTLS'))
}

const GIGABYTE = 1024 ** 3
const READ_CAP = 64 * 1024

const OUT_OF_STEP: readonly Special[] = [
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
    separates: 'a farewell that answers anything but QUIT shows that a command was skipped',
    expected: 'protocol-error',
    script: at('RSET', '221 2.0.0 Bye\r\n'),
  },
  {
    name: '502 to RSET after a MAIL that was taken',
    separates: 'what follows may belong to a transaction that is still open: one sender a connection does without RSET',
    expected: 'closed',
    script: at('RSET', '502 5.5.1 what\r\n'),
    check({ server }) {
      const senders = server.peers.map(({ heard }) => heard.filter((line) => line.startsWith('MAIL')).length)
      assert.ok(senders.slice(-3).every((count) => count === 1))
    },
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
    options: { suite: 'full', patienceMs: 10_000 },
    script: at('QUIT', null),
  },
]

const NO_SMTP: readonly Special[] = [
  ...(['000', '199', '600', '999'] as const).map((code) =>
    noReply(`${code} Relay access denied`, `${code} is outside of what SMTP knows`),
  ),
  noReply('25 Ok', 'two digits are no code'),
  noReply('2500 Ok', 'nor are four'),
  noReply('-250 Ok', 'nor a number with a sign'),
  noReply('554\tRelay access denied', 'a tab is no separator'),
  noReply(latin1('٥٥٤ Relay access denied'), 'digits of other scripts are none'),
  noReply(' 554 Relay access denied', 'a code stands at the beginning'),
  noReply('', 'an empty line is no reply'),
  {
    name: 'mixed codes in one reply',
    separates: 'neither the first nor the last line of such a reply is believed',
    expected: 'protocol-error',
    script: at('RCPT', '554-Relay access denied\r\n250 Ok\r\n'),
  },
  {
    name: 'a code without a word',
    separates: 'a refusal that says nothing may be about us',
    expected: 'vantage-blocked',
    script: at('RCPT', '554\r\n'),
  },
  {
    name: 'a web server',
    separates: 'a line that starts with letters is no greeting',
    expected: 'protocol-error',
    script: at('greeting', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    check: ({ server }) => assert.deepEqual(server.peers[0]?.heard, []),
  },
  {
    name: 'an FTP server',
    separates: 'a greeting of 220 is not yet a mail server',
    expected: 'greeting-refused',
    script: () => (moment) => (moment === 'EHLO' ? '500 Unknown command\r\n' : undefined),
    check: neverAsksMore,
  },
  {
    name: 'an echo',
    separates: 'our own words are no answer',
    expected: 'protocol-error',
    script: at('EHLO', (_peer, line) => `${line}\r\n`),
  },
]

/** Also run through the service (service.test.ts): what comes out there is what people and terminals see. */
export const BYTES: readonly Special[] = [
  hostileWords('escape sequences', 'C0 controls: colours, titles, cursor', '\x1b[2J\x1b]0;owned\x07\x08'),
  hostileWords('8-bit escape sequences', 'C1 controls, which loggers let through', '\x9b31m\x9d0;owned\x9c\x7f'),
  hostileWords(
    'markup',
    'printable ASCII is left alone, and harmless where it is text',
    '<img src=x onerror=alert(1)>',
  ),
  hostileWords('bidi marks', 'UTF-8 that reorders what is shown', latin1('\u202e\u2066abc\u2069')),
  hostileWords('Unicode line ends', 'UTF-8 that some readers break lines at', latin1('a\u2028b\u2029c\u0085d')),
  hostileWords('invalid UTF-8', 'bytes that are no text in any encoding', '\xff\xfe\xc0\xaf\xed\xa0\x80'),
  hostileWords('a NUL', 'a byte that ends strings elsewhere', 'a\0b'),
  hostileWords('a bare CR', 'a reply that only a bare CR divides is one', 'no\r250 2.1.5 Ok\r'),
  hostileWords(
    'what looks like an escape',
    'the backslash is escaped too, so that escapes are unambiguous',
    '\\x41\\\\',
  ),
  hostileWords('format strings', 'what a logger might expand', `%s%n%d $\{jndi:ldap://a} {{7*7}} $(id)`),
  {
    name: 'bare LF everywhere',
    separates: 'a server that never learnt CR is read all the same',
    expected: 'closed',
    script: () => (moment) => {
      if (moment === 'greeting') return '220 mail.example.com\n'
      if (moment === 'EHLO') return '250-mail.example.com\n250 HELP\n'
      if (moment === 'RCPT') return `${DENIED}\n`
      if (moment === 'QUIT') return '221 Bye\n'
      return moment === 'connect' ? undefined : '250 Ok\n'
    },
  },
  {
    name: 'bare CR everywhere',
    separates: 'a line that never ends is waited for no longer than the deadline',
    expected: 'deadline',
    script: at('greeting', '220 mail.example.com\r'),
  },
  {
    name: 'a session in single bytes',
    separates: 'where segments end does not matter',
    expected: 'closed',
    script: at('RCPT', ({ socket }) => {
      const bytes = [...`554-no\r\n${DENIED}\r\n`]
      const next = () => {
        const byte = bytes.shift()
        if (byte !== undefined && socket.writable) socket.write(byte, 'latin1', () => setImmediate(next))
      }
      next()
      return null
    }),
  },
]

const SIZES: readonly Special[] = [
  {
    name: 'a line of a gigabyte',
    separates: 'of a line that never ends no more is read than one buffer holds',
    expected: 'protocol-error',
    script: at('greeting', (peer) => {
      peer.deaf = true
      flood(peer, Buffer.alloc(READ_CAP, 'x'), GIGABYTE)
      return null
    }),
    check({ bytesRead, transcript }) {
      for (const bytes of bytesRead) assert.ok(bytes <= READ_CAP, `${bytes} bytes were read`)
      assert.ok(transcript.entries.every(({ line }) => line.length <= 512))
    },
  },
  {
    name: 'a line as long as is allowed',
    separates: 'the cap is not met too early',
    expected: 'closed',
    script: at('RCPT', `${DENIED.padEnd(4095, '.')}\r\n`),
  },
  {
    name: 'a line that is a byte longer',
    separates: 'nor too late',
    expected: 'protocol-error',
    script: at('RCPT', `${DENIED.padEnd(4097, '.')}\r\n`),
  },
  {
    name: 'EHLO with 127 keywords',
    separates: 'as many lines as a reply may have',
    expected: 'closed',
    script: at('EHLO', keywords(127)),
  },
  {
    name: 'EHLO with ten thousand keywords',
    separates: 'a reply that would end, but too late',
    expected: 'protocol-error',
    script: at('EHLO', keywords(10_000)),
    check: neverAsksMore,
  },
  {
    name: 'a greeting of a hundred lines',
    separates: 'long, and whole',
    expected: 'closed',
    script: at('greeting', `${'220-welcome\r\n'.repeat(99)}220 mail.example.com\r\n`),
  },
  {
    name: 'a greeting of a thousand lines',
    separates: 'too long, though whole',
    expected: 'protocol-error',
    script: at('greeting', `${'220-welcome\r\n'.repeat(999)}220 mail.example.com\r\n`),
    check: neverAsksMore,
  },
  {
    name: 'greylisting for longer than a number holds',
    separates: 'a time in a reply is read as text of theirs, with a limit',
    expected: 'greylisted',
    script: at('RCPT', '450 4.2.0 Greylisted for 99999999999999999999 seconds\r\n'),
  },
  {
    name: 'greylisting for no time at all',
    separates: 'coming back at once happens twice at most',
    expected: 'greylisted',
    script: at('RCPT', '450 4.2.0 Greylisted for 0 seconds\r\n'),
    check: ({ server }) => assert.ok(server.peers.length <= 3),
  },
]

/** Parts of a greeting, and when each is said. */
const LATE = [
  [700, '220-please\r\n'],
  [1_400, '220-wait\r\n220'],
  [2_000, ' mail.example.com\r\n'],
] as const

const SOCKETS: readonly Special[] = [
  {
    name: 'a greeting two seconds late, in parts',
    separates: 'nothing is said before the whole greeting has come',
    expected: 'closed',
    options: { patienceMs: 6_000 },
    script: at('greeting', (peer) => {
      for (const [ms, part] of LATE)
        setTimeout(() => peer.say(peer.heard.length === 0 ? part : '554 too early\r\n'), ms)
      return null
    }),
  },
  {
    name: 'a connection that stays open after 221',
    separates: 'after QUIT we close',
    expected: 'closed',
    script: at('QUIT', (peer) => {
      peer.say('221 2.0.0 Bye\r\n')
      return null
    }),
  },
  {
    name: 'a server that goes on talking after 221',
    separates: 'and read nothing any more',
    expected: 'closed',
    script: at('QUIT', (peer) => {
      peer.say('221 2.0.0 Bye\r\n')
      flood(peer, '250 still here\r\n')
      return null
    }),
  },
  {
    name: 'a server that never reads',
    separates: 'what we have written and nobody took does not keep the socket',
    expected: 'deadline',
    script: at('connect', ({ wire, say }) => {
      wire.pause()
      setTimeout(() => wire.resume(), 4_000).unref()
      say('220 mail.example.com\r\n')
      return null
    }),
  },
]

/** RFC 8446 section 6: fatal, handshake_failure. */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])

const TLS: readonly Special[] = [
  {
    name: 'plain text in the same breath as the reply to STARTTLS',
    separates: 'whole replies injected before the handshake count for nothing',
    expected: 'tls-failed',
    habits: { tls: true },
    script: at('STARTTLS', '220 go\r\n250-mail.example.com\r\n250 PIPELINING\r\n'),
    check: saysNoMoreAfterStartTls,
  },
  {
    name: 'half a reply in the same breath as the reply to STARTTLS',
    separates: 'nor does half a one that TLS would complete',
    expected: 'tls-failed',
    habits: { tls: true },
    script: at('STARTTLS', '220 go\r\n250-mail'),
    check: saysNoMoreAfterStartTls,
  },
  {
    name: 'a TLS alert in place of a handshake',
    separates: 'TLS that says no is no broken connection',
    expected: 'tls-failed',
    habits: { tls: true },
    script: at('handshake', (peer) => {
      peer.deaf = true
      peer.wire.once('data', () => peer.say(ALERT))
      return null
    }),
  },
  {
    name: 'a certificate that ran out, made out to escape sequences',
    separates: 'who cannot prove its name is still tested, and its name is not shown',
    expected: 'closed',
    habits: { tls: true },
    script: () => () => undefined,
    check: ({ transcript }) => assert.ok(transcript.entries.some(({ line }) => /^TLS: .*certificate \w/.test(line))),
  },
  {
    name: 'a chain of a thousand certificates',
    separates: 'a handshake that is too long to be meant well is not finished',
    expected: 'tls-failed',
    habits: { tls: true, certificate: { ...EXPIRED, cert: `${EXPIRED.cert}`.repeat(1_000) } },
    script: () => () => undefined,
  },
  {
    name: 'plain text in the middle of TLS',
    separates: 'bytes that are no TLS end an encrypted connection, and are not read as SMTP',
    expected: 'dropped',
    habits: { tls: true },
    script: at('second EHLO', (peer) => {
      peer.wire.write('250 mail.example.com\r\n')
      return null
    }),
  },
]

export const SPECIALS: readonly Special[] = [...OUT_OF_STEP, ...NO_SMTP, ...BYTES, ...SIZES, ...SOCKETS, ...TLS]
