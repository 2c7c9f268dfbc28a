/** The name that a mistyped word may stand for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/files/nearest.ts'

const NAMES = ['id', 'name', 'networks', 'domains', 'mailboxes', 'neverTest']

test('a beginning, a name with more after it, and few wrong letters give the name', () => {
  for (const [word, name] of [
    ['domain', 'domains'],
    ['net', 'networks'],
    ['names', 'name'],
    ['netwroks', 'networks'],
    ['Mailboxs', 'mailboxes'],
    ['nevertest', 'neverTest'],
  ] as const) {
    assert.equal(nearest(word, NAMES), name, word)
  }
})

test('a word that is like no name, or too short, gives none', () => {
  for (const word of ['colour', 'ix', 'n', '', 'x'.repeat(100_000)]) assert.equal(nearest(word, NAMES), null, word)
})
