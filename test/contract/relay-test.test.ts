/** Results that an older version stored can still be read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { relayTest } from '../../src/contract/relay-test.ts'
import { resultWith } from '../harness/result.ts'

test('a result that was stored before there were known mailboxes is read as one without', () => {
  const { knownMailbox: _mailbox, knownMailboxSource: _source, ...older } = resultWith()
  assert.deepEqual(relayTest.parse(older), resultWith())
})
