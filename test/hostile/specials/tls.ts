/** Servers that fail at STARTTLS or after it. */
import assert from 'node:assert/strict'
import type { Visited } from '../meet.ts'
import { EXPIRED } from '../server.ts'
import { at, type Special } from './special.ts'

/** The TLS alert `handshake_failure`, fatal (RFC 8446 section 6). */
const ALERT = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])

const saysNoMoreAfterStartTls = ({ server }: Visited) => {
  const asked = server.peers.filter(({ heard }) => heard.includes('STARTTLS'))
  assert.ok(asked.length > 0 && asked.every(({ heard }) => heard.at(-1) === 'STARTTLS'))
}

export const TLS: readonly Special[] = [
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
    separates: 'half a reply before the handshake is not completed by TLS data',
    expected: 'tls-failed',
    habits: { tls: true },
    script: at('STARTTLS', '220 go\r\n250-mail'),
    check: saysNoMoreAfterStartTls,
  },
  {
    name: 'a TLS alert in place of a handshake',
    separates: 'a refused handshake is not a broken connection',
    expected: 'tls-failed',
    habits: { tls: true },
    script: at('handshake', (peer) => {
      peer.deaf = true
      peer.wire.once('data', () => peer.say(ALERT))
      return null
    }),
  },
  {
    name: 'an expired certificate with escape sequences as its name',
    separates: 'a server that cannot prove its name is still tested, and the name is not shown',
    expected: 'closed',
    habits: { tls: true },
    script: () => () => undefined,
    check: ({ transcript }) => assert.ok(transcript.entries.some(({ line }) => /^TLS: .*certificate \w/.test(line))),
  },
  {
    name: 'a chain of a thousand certificates',
    separates: 'a handshake that is far too long is not finished',
    expected: 'tls-failed',
    habits: { tls: true, certificate: { ...EXPIRED, cert: `${EXPIRED.cert}`.repeat(1_000) } },
    script: () => () => undefined,
  },
  {
    name: 'plain text in the middle of TLS',
    separates: 'bytes that are not TLS end an encrypted connection, and are not read as SMTP',
    expected: 'dropped',
    habits: { tls: true },
    script: at('second EHLO', (peer) => {
      peer.wire.write('250 mail.example.com\r\n')
      return null
    }),
  },
]
