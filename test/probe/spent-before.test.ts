/** A run that goes on with a test: its connections are counted on, and its messages count with those sent before. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certainIn } from '../../src/probe/later-visit.ts'
import { FIGURES } from '../../src/probe/pace.ts'
import { deny, plainEhlo, visit } from '../harness/visit.ts'

test('connections are numbered on from those of the first run', async (t) => {
  const { observations, transcript } = await visit(
    t,
    { say: deny },
    { spentBefore: { connections: 5, messages: 0, dots: 0 } },
  )
  const numbers = [
    ...transcript.entries.map(({ connection }) => connection),
    ...observations.rows.map(({ attempt }) => attempt.connection),
  ]
  assert.deepEqual([...new Set(numbers)], [6])
})

test('an earlier run takes none of the connections of this one', async (t) => {
  const { server, verdict } = await visit(
    t,
    {
      say(line, session) {
        if (session.connection > 1 || !line.startsWith('RCPT')) return deny(line, session)
        session.socket.destroy()
        return null
      },
    },
    { spentBefore: { connections: FIGURES.connections, messages: 0, dots: 0 } },
  )
  assert.ok(server.connections > 1)
  assert.equal(verdict, 'closed')
})

test('no message is sent where the first run sent the most', async (t) => {
  const spent = [
    { connections: 1, messages: FIGURES.messages, dots: FIGURES.messages },
    { connections: 1, messages: 0, dots: FIGURES.dots },
  ]
  for (const spentBefore of spent) {
    const { server, verdict, reason } = await visit(t, { say: plainEhlo }, { spentBefore })
    assert.deepEqual([verdict, reason], ['inconclusive', 'recipient-accepted'])
    assert.ok(!server.lines.includes('DATA'))
  }
  const { verdict } = await visit(
    t,
    { say: plainEhlo },
    { spentBefore: { connections: 1, messages: FIGURES.messages - 1, dots: FIGURES.messages - 1 } },
  )
  assert.equal(verdict, 'open', 'one message is left')
})

test('a message of an earlier visit is counted once', async (t) => {
  const first = await visit(t, { say: plainEhlo }, { proof: 'message' })
  const { spent, observations } = first
  assert.deepEqual([spent.messages, spent.dots], [1, 1])
  const later = await visit(
    t,
    { say: plainEhlo },
    { proof: 'message', spentBefore: spent, certain: certainIn(observations) },
  )
  assert.deepEqual([later.spent.messages, later.spent.dots], [1, 1])
  assert.ok(!later.server.lines.includes('DATA'), 'it is not sent again')
})
