/** API keys: they are random, and only their hashes are kept. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { hashKey, makeKey } from '../../src/access/keys.ts'

test('a made key is rtk_ and 256 bits in base64url', () => {
  const key = makeKey()
  assert.match(key, /^rtk_[A-Za-z0-9_-]{43}$/)
  assert.equal(Buffer.from(key.slice('rtk_'.length), 'base64url').length, 32)
})

test('no two made keys are the same, nor do they start the same', () => {
  const keys = Array.from({ length: 1000 }, makeKey)
  assert.equal(new Set(keys.map((key) => key.slice(0, 20))).size, keys.length)
})

test('the hash of a key is what sha256sum says of it', (t) => {
  const key = makeKey()
  const sum = spawnSync('sha256sum', { input: key, encoding: 'utf8' })
  if (sum.error !== undefined && process.env.CI === undefined) return t.skip('sha256sum is not installed')
  assert.equal(`${hashKey(key)}  -`, sum.stdout.trimEnd())
})

test('a text that cannot be a key has no hash', () => {
  const key = makeKey()
  const others = ['', 'rtk_', key.slice(0, -1), `${key}A`, `${key}\n`, ` ${key}`, key.toUpperCase(), `x${key.slice(1)}`]
  for (const text of [...others, `rtk_${'+'.repeat(43)}`, `rtk_${'é'.repeat(43)}`])
    assert.equal(hashKey(text), null, text)
})
