/** Finding the secret of a message in whatever arrives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readMessage } from '../../src/mailbox/read-message.ts'

const NONCE = 'abcdefghijklmnopqrstuvwxyz'
const OTHER = '234567abcdefghijklmnopqrst'

const factsOf = (...lines: string[]) => readMessage(Buffer.from(lines.join('\r\n'), 'latin1'))

test('every nonce in headers and body is found, each once, in order', () => {
  assert.deepEqual(factsOf(`X-Test: ${OTHER}`, '', `> ${NONCE}.`, OTHER).nonces, [OTHER, NONCE])
})

test('what is longer, shorter or in capitals is no nonce', () => {
  assert.deepEqual(factsOf('', `${NONCE}a`, NONCE.slice(1), NONCE.toUpperCase(), `${NONCE}_`).nonces, [])
})

test('a nonce is found wherever quoted-printable breaks it', () => {
  for (let at = 0; at <= NONCE.length; at += 1) {
    for (const lineEnd of ['\r\n', '\n']) {
      const broken = `${NONCE.slice(0, at)}=${lineEnd}${NONCE.slice(at)}`
      assert.deepEqual(readMessage(Buffer.from(`\r\n${broken}\r\n`)).nonces, [NONCE], JSON.stringify(broken))
    }
  }
})

test('a nonce below a line that ends with an equals sign is found too', () => {
  assert.deepEqual(factsOf('', 'the nonce=', NONCE).nonces, [NONCE])
})

test('Received fields come in order, unfolded, and only from the header of the message itself', () => {
  const { received } = factsOf(
    'Received: from target.example (target.example [203.0.113.25])',
    '\tby mx.example.net with ESMTP;',
    '  Wed, 30 Jun 2027 12:00:00 +0000',
    'Subject: Received: not this',
    'RECEIVED:from vantage (198.51.100.7)',
    '',
    'Received: from a message inside',
  )
  assert.deepEqual(received, [
    'from target.example (target.example [203.0.113.25]) by mx.example.net with ESMTP; Wed, 30 Jun 2027 12:00:00 +0000',
    'from vantage (198.51.100.7)',
  ])
})

test('a message without a header has no Received fields', () => {
  assert.deepEqual(factsOf('', 'Received: from the body').received, [])
  assert.deepEqual(factsOf('').received, [])
})

test('at most 20 Received fields are kept, of each at most 1 KiB', () => {
  const { received } = factsOf(...Array.from({ length: 30 }, (_, hop) => `Received: ${hop} ${'\x1b'.repeat(5000)}`))
  assert.equal(received.length, 20)
  assert.match(received[19] ?? '', /^19 \\x1b/)
  for (const field of received) assert.equal(field.length, 1024)
})

test('whatever bytes come, what is kept is printable ASCII', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { nonces, received } = readMessage(Buffer.concat([Buffer.from('Received: '), bytes]))
      for (const text of [...nonces, ...received]) assert.match(text, /^[\x20-\x7e]*$/)
    }),
  )
})

for (const [actions, failed] of [
  [[], true],
  [['Action: failed'], true],
  [['Action: delayed'], false],
  [['action:relayed', 'Action: delivered'], false],
  [['Action: delayed', 'Action: failed'], true],
] as const) {
  test(`a report that says ${actions.join(' and ') || 'nothing'} is ${failed ? 'a failure' : 'none'}`, () => {
    assert.equal(factsOf('Content-Type: multipart/report', '', ...actions).failed, failed)
  })
}
