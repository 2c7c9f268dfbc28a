/** Servers whose lines are not valid replies, and servers that are not mail servers. */
import assert from 'node:assert/strict'
import { at, latin1, neverAsksMore, type Special } from './special.ts'

/** Makes a server whose reply to RCPT is not valid. */
const noReply = (line: string, separates: string): Special => ({
  name: `${JSON.stringify(line)} as a reply`,
  separates,
  expected: 'protocol-error',
  script: at('RCPT', `${line}\r\n`),
})

export const NO_SMTP: readonly Special[] = [
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
