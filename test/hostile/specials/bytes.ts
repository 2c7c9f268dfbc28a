/** Servers whose replies contain bytes that could harm a terminal, a page or a log. */
import assert from 'node:assert/strict'
import { at, DENIED, latin1, type Special } from './special.ts'

/** Returns the bytes that an escaped line stands for. */
const unescaped = (line: string): string =>
  line.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Makes a server that puts hostile words into its refusals of RCPT. They must be shown escaped, without loss. */
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

/** Also run through the service (service.test.ts), whose output people see on pages and terminals. */
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
    'text that looks like an escape',
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
