/** The events that a result causes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RelayTest, summaryOf } from '../../src/contract/relay-test.ts'
import { webhookEvent } from '../../src/contract/webhooks.ts'
import { eventsOfAmended, eventsOfFinished, type IdentifiedEvent } from '../../src/webhooks/events.ts'
import { resultWith } from '../harness/result.ts'

const NOW = resultWith({ createdAt: '2027-01-02T03:04:05.678Z' })
const idAt = (hour: number) => `7f1c1a52-6d3c-4b0e-9c5e-0000000000${hour}`
const before = (hour: number, members: Partial<RelayTest>) =>
  resultWith({ id: idAt(hour), createdAt: `2027-01-01T${hour}:00:00.000Z`, ...members })

const typesOf = (messages: readonly IdentifiedEvent[]) => messages.map(({ event }) => event.type)

const inconclusive = { verdict: 'inconclusive', reason: 'greylisted' } as const

for (const [what, verdict, earlier, expected] of [
  ['a first open verdict is no change', 'open', [], []],
  ['a first closed verdict is no change', 'closed', [], []],
  ['closed after closed is no change', 'closed', [{ verdict: 'closed' }], []],
  ['open after closed is a change', 'open', [{ verdict: 'closed' }], ['server.opened']],
  ['closed after open is a change', 'closed', [{ verdict: 'open' }], ['server.closed']],
  ['inconclusive after open is no change', 'inconclusive', [{ verdict: 'open' }], []],
  ['an inconclusive test between hides no change', 'closed', [inconclusive, { verdict: 'open' }], ['server.closed']],
  ['an inconclusive test between makes no change', 'open', [inconclusive, { verdict: 'open' }], []],
  ['a running test between does not count', 'open', [{ verdict: null }, { verdict: 'closed' }], ['server.opened']],
  ['only the latest verdict counts', 'open', [{ verdict: 'open' }, { verdict: 'closed' }], []],
  ['another port is another server', 'open', [{ verdict: 'closed', port: 587 }], []],
  ['another customer is another server', 'open', [{ verdict: 'closed', customerId: 'beta' }], []],
  ['the test itself is no earlier test', 'open', [{ verdict: 'closed', id: NOW.id }], []],
  ['a later test is no earlier test', 'open', [{ verdict: 'closed', createdAt: '2027-02-01T00:00:00.000Z' }], []],
] as const satisfies readonly (readonly [string, RelayTest['verdict'], readonly Partial<RelayTest>[], string[]])[]) {
  test(what, () => {
    const summaries = earlier.map((members, index) => summaryOf(before(20 - index, members)))
    const messages = eventsOfFinished({ ...NOW, verdict }, summaries)
    assert.deepEqual(typesOf(messages), ['relay-test.finished', ...expected])
    assert.equal(new Set(messages.map(({ id }) => id)).size, messages.length)
    for (const { event } of messages) assert.deepEqual(webhookEvent.parse(event), event)
  })
}

test('the event of a changed verdict has the earlier test', () => {
  const earlier = summaryOf(before(12, { verdict: 'closed' }))
  const [, { event } = assert.fail()] = eventsOfFinished({ ...NOW, verdict: 'open' }, [earlier])
  assert.ok(event.type === 'server.opened')
  assert.deepEqual(event.data.earlier, earlier)
  assert.equal(event.data.id, NOW.id)
  assert.equal(event.timestamp, NOW.finishedAt)
})

for (const [what, was, is, earlier, expected] of [
  ['a server that was closed and is open now has changed', 'closed', 'open', 'closed', ['server.opened']],
  ['an open server whose message arrives has not changed', 'open', 'open', 'closed', []],
  ['after an inconclusive verdict, the earlier test counts', 'inconclusive', 'open', 'closed', ['server.opened']],
  ['an earlier test with the same verdict means no change', 'inconclusive', 'closed', 'closed', []],
] as const) {
  test(`amended: ${what}`, () => {
    const result = { ...NOW, verdict: is, amendedAt: '2027-01-02T04:00:00.000Z' }
    const messages = eventsOfAmended(result, { ...NOW, verdict: was }, [summaryOf(before(12, { verdict: earlier }))])
    assert.deepEqual(typesOf(messages), ['relay-test.amended', ...expected])
    for (const { id, event } of messages) {
      assert.match(id, new RegExp(`^${NOW.id}-(amended|opened)-${Date.parse(result.amendedAt)}$`))
      assert.equal(event.timestamp, result.amendedAt)
    }
  })
}

test('the same result always causes the same events, so that a repeated one can be recognised', () => {
  const summaries = [summaryOf(before(12, { verdict: 'open' }))]
  assert.deepEqual(eventsOfFinished(NOW, summaries), eventsOfFinished(NOW, summaries))
})
