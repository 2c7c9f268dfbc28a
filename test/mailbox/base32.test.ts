/** Base32, which test addresses are written in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { base32 } from '../../src/mailbox/base32.ts'

test('bytes are written as RFC 4648 section 10 has them, in lower case', () => {
  for (const [text, written] of [
    ['', ''],
    ['fooba', 'mzxw6ytb'],
    ['foobafooba', 'mzxw6ytbmzxw6ytb'],
  ] as const) {
    assert.equal(base32(Buffer.from(text)), written)
  }
  assert.equal(base32(Buffer.alloc(10, 0xff)), '7'.repeat(16))
  assert.equal(base32(Buffer.alloc(10)), 'a'.repeat(16))
})
