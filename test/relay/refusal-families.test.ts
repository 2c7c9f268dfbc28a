/** Families of refusals: texts of the same kind as those of the table, in other words and languages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Refusal } from '../../src/contract/words.ts'
import { classify, type ReplyContext } from '../../src/relay/refusals.ts'
import { type Reply, ReplyParser } from '../../src/smtp/reply.ts'
import { ABOUT_US, FAMILIES } from './refused-texts.ts'

const RCPT: ReplyContext = {
  phase: 'rcpt',
  sender: 'outside',
  names: ['relaytest.isp.example', 'isp.example', '198.51.100.7', 'target.example'],
}

/** Returns the reply that a server sends as these bytes. */
function replyOf(text: string, encoding: BufferEncoding = 'utf8'): Reply {
  const event = new ReplyParser().push(Buffer.from(`${text}\r\n`, encoding)).find(({ kind }) => kind === 'reply')
  assert.ok(event?.kind === 'reply', text)
  return event.reply
}

for (const [family, refusals, texts] of FAMILIES) {
  for (const text of texts) {
    test(`${family}: ${text}`, () => {
      const { refusal, basis } = classify(replyOf(text), RCPT)
      assert.ok(refusals.includes(refusal), refusal)
      assert.notEqual(basis, 'none')
    })
  }
}

const NEVER: ReadonlySet<Refusal> = new Set<Refusal>(['relay-denied', 'auth-required', 'unknown-user'])

test('the list of texts about us has more than 150 texts', () => assert.ok(ABOUT_US.length > 150))

for (const text of ABOUT_US) {
  test(`about us or now: ${text}`, () => {
    const { refusal } = classify(replyOf(text), RCPT)
    assert.ok(!NEVER.has(refusal), refusal)
  })
}
