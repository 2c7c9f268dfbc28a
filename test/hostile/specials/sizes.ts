/** Servers whose replies are just within a size limit, or beyond it. */
import assert from 'node:assert/strict'
import { flood } from '../faults.ts'
import { at, DENIED, mostNamed, neverAsksMore, type Special } from './special.ts'

const GIGABYTE = 1024 ** 3
const READ_CAP = 64 * 1024

/** Returns a reply to EHLO with `count` keywords and a last line. */
const keywords = (count: number): string =>
  `${Array.from({ length: count }, (_, index) => `250-X${index}\r\n`).join('')}250 HELP\r\n`

export const SIZES: readonly Special[] = [
  {
    name: 'a line of a gigabyte',
    separates: 'only one buffer is read of a line that never ends',
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
    separates: 'the limit does not apply too early',
    expected: 'closed',
    script: at('RCPT', `${DENIED.padEnd(4095, '.')}\r\n`),
  },
  {
    name: 'a line that is a byte longer',
    separates: 'the limit does not apply too late',
    expected: 'protocol-error',
    script: at('RCPT', `${DENIED.padEnd(4097, '.')}\r\n`),
  },
  {
    name: 'EHLO with 127 keywords',
    separates: 'a reply with the highest number of lines is valid',
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
    separates: 'a time in a reply is text from outside: it has a limit',
    expected: 'greylisted',
    script: at('RCPT', '450 4.2.0 Greylisted for 99999999999999999999 seconds\r\n'),
  },
  {
    name: 'greylisting for no time at all',
    separates: 'the service comes back at once at most twice',
    expected: 'greylisted',
    script: at('RCPT', '450 4.2.0 Greylisted for 0 seconds\r\n'),
    check: (visited) => assert.equal(mostNamed(visited), 3),
  },
]
