/** The secret of a message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeSecret } from '../../src/mailbox/secret.ts'

const secrets = Array.from({ length: 1000 }, makeSecret)

test('a secret is 26 lower-case base32 characters', () => {
  for (const secret of secrets) assert.match(secret, /^[a-z2-7]{26}$/)
})

test('every place of a secret takes all 32 characters, and no secret comes twice', () => {
  for (let place = 0; place < 26; place += 1) assert.equal(new Set(secrets.map((secret) => secret[place])).size, 32)
  assert.equal(new Set(secrets).size, secrets.length)
})
