/** The names of a target: its domain, its known mailbox, and what its replies may repeat. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { deny, visit } from '../harness/visit.ts'

const echoesOf = async (t: TestContext, knownMailbox: string | null) => {
  const { observations } = await visit(t, { say: deny }, { knownMailbox })
  return observations.names
}

test('a reply may repeat the known mailbox, which stands before its domain', async (t) => {
  const names = await echoesOf(t, 'spam.policy@example.com')
  assert.ok(names.includes('spam.policy@example.com'))
  assert.ok(names.indexOf('spam.policy@example.com') < names.indexOf('example.com'))
  assert.deepEqual(
    names.filter((name) => name !== 'spam.policy@example.com'),
    await echoesOf(t, null),
  )
})
