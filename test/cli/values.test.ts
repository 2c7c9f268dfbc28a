/** How the command reads the values of options. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { namedTarget } from '../../src/cli/targets.ts'
import { inAscii } from '../../src/cli/values.ts'

test('a word names an address, a name or a mail address, perhaps with a port', () => {
  for (const [word, target] of [
    ['203.0.113.25:587', { target: '203.0.113.25', port: 587 }],
    ['[2001:db8::25]:587', { target: '2001:db8::25', port: 587 }],
    ['2001:db8::25', { target: '2001:db8::25' }],
    ['mail.example.com:25', { target: 'mail.example.com', port: 25 }],
    ['bücher.example', { target: 'bücher.example' }],
    ['jane@bücher.example', { target: 'bücher.example', knownMailbox: 'jane@xn--bcher-kva.example' }],
  ] as const) {
    assert.deepEqual(namedTarget(word), target)
  }
})

test('domains and mailboxes may have other letters than a to z; other text stays as it is', () => {
  for (const [given, sent] of [
    ['bücher.example', 'xn--bcher-kva.example'],
    ['jäne@bücher.example', 'jäne@xn--bcher-kva.example'],
    ['Jane@Example.com', 'Jane@Example.com'],
    ['no domain', 'no domain'],
    ['127.1', '127.1'],
  ] as const) {
    assert.equal(inAscii(given), sent)
  }
})
