/** The test message: what it tells people who find it, and the only proof that it carries. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildMessage } from '../../src/probe/message.ts'

const ADDRESSES = { sender: 'probe@isp.example', recipient: 'token@isp.example' }
const SECRETS = { header: 'q7w3ertyuiopasdfghjklzxcv2', body: 'abcdefghijklmnopqrstuvwxyz' }
const TESTER = { providerName: 'ISP Pty Ltd', contact: 'https://isp.example/relay-tests' }

test('the message says who tests, why, and where to ask', () => {
  const lines = buildMessage(ADDRESSES, TESTER, new Date('2026-11-24T07:08:09Z'), null)
  assert.ok(lines.includes('Date: Tue, 24 Nov 2026 07:08:09 +0000'))
  assert.ok(lines.includes('From: <probe@isp.example>'))
  assert.ok(lines.includes('To: <token@isp.example>'))
  assert.ok(lines.includes('Auto-Submitted: auto-generated'))
  assert.ok(lines.includes('The test was made by ISP Pty Ltd'))
  assert.equal(lines.at(-1), 'https://isp.example/relay-tests')
  assert.ok(lines.indexOf('') > 0, 'an empty line ends the header')
})

test('each message has its own public id, in our domain', () => {
  const ids = [null, SECRETS].map((secrets) =>
    buildMessage(ADDRESSES, TESTER, new Date(), secrets).find((line) => line.startsWith('Message-ID')),
  )
  assert.match(ids[0] ?? '', /^Message-ID: <[0-9a-f-]{36}@isp\.example>$/)
  assert.notEqual(ids[0], ids[1])
})

test('every line is printable ASCII, even with the longest configured names', () => {
  const longest = { providerName: '~'.repeat(200), contact: '~'.repeat(200) }
  for (const line of buildMessage(ADDRESSES, longest, new Date(), SECRETS)) assert.match(line, /^[\x20-\x7e]{0,510}$/)
})

test('the header and the body have a secret each, and nothing else proves anything', () => {
  const lines = buildMessage(ADDRESSES, TESTER, new Date(), SECRETS)
  const empty = lines.indexOf('')
  assert.deepEqual(
    lines.filter((line) => Object.values(SECRETS).some((secret) => line.includes(secret))),
    [`X-Relay-Test: ${SECRETS.header}`, `Proof: ${SECRETS.body}`],
  )
  assert.ok(lines.indexOf(`X-Relay-Test: ${SECRETS.header}`) < empty)
  assert.ok(lines.indexOf(`Proof: ${SECRETS.body}`) > empty)
})
