/** Host and port in one text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEndpoint } from '../../src/ip/endpoint.ts'

test('an endpoint is an address or a name, and a port', () => {
  const rows = [
    ['203.0.113.25:25', '203.0.113.25', 25],
    ['[2001:db8::25]:65535', '2001:db8::25', 65_535],
    ['[::]:0', '::', 0],
    ['mail.example.com:2525', 'mail.example.com', 2_525],
    ['localhost:1', 'localhost', 1],
  ] as const
  for (const [text, host, port] of rows) assert.deepEqual(parseEndpoint(text), { host, port }, text)
})

test('no other text is an endpoint', () => {
  const texts = [
    ...['', '25', ':25', '203.0.113.25', '203.0.113.25:', '203.0.113.25:smtp', '203.0.113.25:65536', '1.2.3:25'],
    ...['203.0.113.25:025', '203.0.113.25:+25', ' 203.0.113.25:25', '203.0.113.25:25\n', '010.0.0.1:25', '127.1:25'],
    ...['2001:db8::25:25', '::1:25', '[203.0.113.25]:25', '[::1%eth0]:25', '[mail.example.com]:25', '[::1]', '[]:25'],
  ]
  for (const text of texts) assert.equal(parseEndpoint(text), null, text)
})
