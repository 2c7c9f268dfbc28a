/** The secret of a message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeNonce } from '../../src/mailbox/nonce.ts'

const nonces = Array.from({ length: 1000 }, makeNonce)

test('a nonce is 26 lower-case base32 characters', () => {
  for (const nonce of nonces) assert.match(nonce, /^[a-z2-7]{26}$/)
})

test('every place of a nonce takes all 32 characters, and no nonce comes twice', () => {
  for (let place = 0; place < 26; place += 1) assert.equal(new Set(nonces.map((nonce) => nonce[place])).size, 32)
  assert.equal(new Set(nonces).size, nonces.length)
})
