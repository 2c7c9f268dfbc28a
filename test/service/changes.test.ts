/** Which results count as a server that was found open, or as one that is closed again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RelayTest } from '../../src/contract/relay-test.ts'
import { Changes, type ServerChange } from '../../src/service/changes.ts'
import { memoryResults, type Results } from '../../src/store/results.ts'
import { resultWith } from '../harness/result.ts'

const CALLER = 'partner'
const at = (hour: number, members: Partial<RelayTest>) =>
  resultWith({
    id: `7f1c1a52-6d3c-4b0e-9c5e-0000000000${hour}`,
    createdAt: `2027-01-01T${hour}:00:00.000Z`,
    ...members,
  })

function counting(results: Pick<Results, 'list'> = memoryResults(60_000)) {
  const counted: ServerChange[] = []
  const failures: object[] = []
  const log = { info() {}, error: (fields: object) => void failures.push(fields) }
  return { changes: new Changes({ results, log, count: (change) => void counted.push(change) }), counted, failures }
}

for (const [what, before, members, expected] of [
  ['a server that was never tested is found open', [], { verdict: 'open' }, ['found-open']],
  ['a server that was closed is found open', [{ verdict: 'closed' }], { verdict: 'open' }, ['found-open']],
  ['a server that is still open counts once', [{ verdict: 'open' }], { verdict: 'open' }, []],
  ['a server that was open is closed again', [{ verdict: 'open' }], { verdict: 'closed' }, ['closed-again']],
  ['a server that was closed stays closed', [{ verdict: 'closed' }], { verdict: 'closed' }, []],
  ['a closed server that was never tested is no news', [], { verdict: 'closed' }, []],
  ['no answer is no change', [{ verdict: 'open' }], { verdict: 'inconclusive', reason: 'greylisted' }, []],
  ['another port is another server', [{ verdict: 'open', port: 587 }], { verdict: 'closed' }, []],
  ['another customer is another server', [{ verdict: 'open', customerId: 'beta' }], { verdict: 'closed' }, []],
  ['the sandbox has no servers', [], { verdict: 'open', customerId: 'sandbox-partner' }, []],
] as const satisfies readonly (readonly [string, Partial<RelayTest>[], Partial<RelayTest>, ServerChange[]])[]) {
  test(what, async () => {
    const results = memoryResults(60_000)
    for (const [index, earlier] of before.entries()) await results.put(at(10 + index, earlier))
    const { changes, counted } = counting(results)
    await changes.finished(CALLER, at(20, members))
    assert.deepEqual(counted, expected)
  })
}

test('a late message that shows an open server counts, whatever the stores remember', async () => {
  const { changes, counted } = counting()
  await changes.amended(CALLER, at(20, { verdict: 'open' }), at(20, { verdict: 'closed' }))
  await changes.amended(CALLER, at(20, { verdict: 'open' }), at(20, { verdict: 'open' }))
  assert.deepEqual(counted, ['found-open'])
})

test('a store that is down costs the count, and never the result', async () => {
  const down = { list: () => Promise.reject(new Error('down')) }
  const { changes, counted, failures } = counting(down)
  await changes.finished(CALLER, at(20, { verdict: 'open' }))
  assert.deepEqual([counted.length, failures.length], [0, 1])
})
