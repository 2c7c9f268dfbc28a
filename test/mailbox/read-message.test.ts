/** Finding the secret of a message in whatever arrives. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMessage } from '../../src/mailbox/read-message.ts'
import fc from '../harness/fast-check.ts'

const SECRET = 'abcdefghijklmnopqrstuvwxyz'
const OTHER = '234567abcdefghijklmnopqrst'

const factsOf = (...lines: string[]) => readMessage(Buffer.from(lines.join('\r\n'), 'latin1'))

test('every secret in headers and body is found, each once, in order', () => {
  assert.deepEqual(factsOf(`X-Test: ${OTHER}`, '', `> ${SECRET}.`, OTHER).secrets, [OTHER, SECRET])
})

test('a longer or shorter word is no secret', () => {
  assert.deepEqual(factsOf('', `${SECRET}a`, SECRET.slice(1), `${SECRET}_`).secrets, [])
})

test('a secret is found in capitals', () => {
  assert.deepEqual(factsOf('', SECRET.toUpperCase()).secrets, [SECRET])
})

test('a secret is found in quoted-printable and in base64, however long the lines are, and quoted', () => {
  const body = `This is a long enough line before it.\r\n\r\nProof: ${SECRET}\r\n`
  const base64 = Buffer.from(body).toString('base64')
  assert.deepEqual(factsOf('', `Proof:=20${SECRET}=20`).secrets, [SECRET])
  for (const width of [20, 60, 64, 72, 76]) {
    const lines = base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    assert.deepEqual(factsOf('Content-Transfer-Encoding: base64', '', ...lines, '').secrets, [SECRET], `${width}`)
    assert.deepEqual(factsOf('', ...lines.map((line) => `> ${line}`), '').secrets, [SECRET], `${width}, quoted`)
  }
})

test('at most 32 texts are kept, whatever a stranger writes', () => {
  const many = Array.from({ length: 100 }, (_, at) =>
    `a${String(at + 100).replace(/[0189]/g, 'x')}${SECRET}`.slice(0, 26),
  )
  assert.ok(factsOf('', ...many).secrets.length <= 32)
})

test('a secret is found wherever quoted-printable breaks it', () => {
  for (let at = 0; at <= SECRET.length; at += 1) {
    for (const lineEnd of ['\r\n', '\n']) {
      const broken = `${SECRET.slice(0, at)}=${lineEnd}${SECRET.slice(at)}`
      assert.deepEqual(readMessage(Buffer.from(`\r\n${broken}\r\n`)).secrets, [SECRET], JSON.stringify(broken))
    }
  }
})

test('a secret below a line that ends with an equals sign is found too', () => {
  assert.deepEqual(factsOf('', 'the secret=', SECRET).secrets, [SECRET])
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

test('from any bytes, only printable ASCII is kept', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const { secrets, received } = readMessage(Buffer.concat([Buffer.from('Received: '), bytes]))
      for (const text of [...secrets, ...received]) assert.match(text, /^[\x20-\x7e]*$/)
    }),
  )
})
