/** Texts that people paste into the field for the mail server, and the names found in them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPasted } from '../../src/console/pasted.ts'

/** The pasted text, the name that is found in it, and the port. */
const ENDPOINTS: readonly (readonly [pasted: string, name: string, port?: number])[] = [
  ['203.0.113.25', '203.0.113.25'],
  ['  203.0.113.25 \n', '203.0.113.25'],
  ['"203.0.113.25",', '203.0.113.25'],
  ['(mail.example.com)', 'mail.example.com'],
  ['mail.example.com.', 'mail.example.com'],
  ['127.0.0.1:2501', '127.0.0.1', 2501],
  ['mail.example.com:587', 'mail.example.com', 587],
  ['[203.0.113.25]', '203.0.113.25'],
  ['[203.0.113.25]:25', '203.0.113.25', 25],
  ['::1', '::1'],
  ['2001:db8::25', '2001:db8::25'],
  ['[::1]', '::1'],
  ['[2001:db8::25]:2525', '2001:db8::25', 2525],
  ['[IPv6:2001:db8::25]', '2001:db8::25'],
  ['mail.example.com 25', 'mail.example.com', 25],
  ['2001:db8::25 25', '2001:db8::25', 25],
  ['telnet mail.example.com 25', 'mail.example.com', 25],
  ['10 mail.example.com.', 'mail.example.com'],
  ['https://mail.example.com/owa/?a=b#c', 'mail.example.com'],
  ['https://mail.example.com:8443/', 'mail.example.com'],
  ['http://user:secret@mail.example.com/', 'mail.example.com'],
  ['//mail.example.com/x', 'mail.example.com'],
  ['smtp://mail.example.com:2525', 'mail.example.com', 2525],
  ['https://[2001:db8::25]:443/', '2001:db8::25'],
  ['müller.de', 'xn--mller-kva.de'],
  ['MÜLLER.de', 'xn--mller-kva.de'],
  ['https://müller.de/', 'xn--mller-kva.de'],
  ['müller.de:25', 'xn--mller-kva.de', 25],
  ['почта.рф', 'xn--80a1acny.xn--p1ai'],
  // The service says what is wrong with these. The URL parser would make addresses of them.
  ['127.1', '127.1'],
  ['0x7f000001', '0x7f000001'],
  ['１２７.０.０.１', '１２７.０.０.１'],
  ['127.0.0.256', '127.0.0.256'],
  ['a_b.example.com', 'a_b.example.com'],
  ['', ''],
]

test('an address or a name is found in what was pasted, with its port', () => {
  for (const [pasted, name, port = null] of ENDPOINTS) {
    assert.deepEqual(readPasted(pasted), { name, port, mailbox: null }, pasted)
  }
})

test('a mail address leads to its domain, and may become the known mailbox', () => {
  for (const [pasted, name, mailbox] of [
    ['joe@example.net', 'example.net', 'joe@example.net'],
    ['Joe <joe@example.net>', 'example.net', 'joe@example.net'],
    ['mailto:joe@example.net?subject=x', 'example.net', 'joe@example.net'],
    ['joe@müller.de', 'xn--mller-kva.de', 'joe@xn--mller-kva.de'],
    ['joe@example.net.', 'example.net', 'joe@example.net'],
  ] as const) {
    assert.deepEqual(readPasted(pasted), { name, port: null, mailbox }, pasted)
  }
})

test('no text makes it fail', () => {
  for (const text of [
    '@',
    '[',
    '[]',
    ':',
    ':25',
    '//',
    'a@b@c',
    '<>',
    'http://',
    '\u0000',
    '🙂.example',
    'x'.repeat(10_000),
  ]) {
    assert.equal(typeof readPasted(text).name, 'string')
  }
})
