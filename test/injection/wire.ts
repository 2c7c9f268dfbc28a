/** Compares the bytes of sessions, without what each test is free to choose. */
import assert from 'node:assert/strict'
import type { Say, ScriptedSession } from '../harness/mail-server.ts'

/** The only parts that may differ between tests: token, secret, Date, Message-ID. */
const VARYING: readonly (readonly [pattern: RegExp, stands: string])[] = [
  [/(?<=\r\nDate: )[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000(?=\r\n)/g, '(date)'],
  [/(?<=\r\nMessage-ID: <)[0-9a-f-]{36}(?=@relaytest\.isp\.example>\r\n)/g, '(message id)'],
  [/(?<=\r\n(?:Proof|X-Relay-Test): )[a-z2-7]{26}(?=\r\n)/g, '(secret)'],
  [/(?<![A-Za-z0-9])[a-z2-7]{16}(?![A-Za-z0-9])/g, '(token)'],
]

/** The bytes of a connection, with what may vary taken out. */
export const templateOf = ({ bytes }: ScriptedSession): string =>
  VARYING.reduce((text, [pattern, stands]) => text.replaceAll(pattern, stands), bytes)

/** The connections of a test as templates, in an order of their own: several are open at once. */
export const sessionOf = (connections: readonly ScriptedSession[]): string[] => connections.map(templateOf).sort()

/**
 * Checks what holds for every connection whatever was asked: lines of printable ASCII, and one end for each message.
 */
export function assertClean({ bytes }: ScriptedSession): void {
  assert.match(bytes, /^(?:[\x20-\x7e]{0,510}\r\n)*$/)
  const messages = bytes.split('\r\nDATA\r\n').length - 1
  assert.equal(bytes.split('\r\n.\r\n').length - 1, messages, 'every message has one end')
}

/** A server that relays for nobody, and one that relays for everybody, by the last digit of the address. */
export const replies: Say = (line, { address }) => {
  const verb = line.slice(0, 4).toUpperCase()
  if (verb === 'EHLO') return '250-mail.example.com\r\n250 PIPELINING'
  if (verb === 'RCPT' && isClosed(address)) return '554 5.7.1 Relay access denied'
  if (verb === 'DATA') return '354 Go ahead'
  if (verb === 'QUIT') return '221 2.0.0 Bye'
  return '250 2.0.0 Ok'
}

export const isClosed = (address: string): boolean => Number(address.split('.').at(-1)) % 2 === 0

/** Addresses of loopback for so many servers, from .2 on. */
export const servers = (network: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${network}.${index + 2}`)
