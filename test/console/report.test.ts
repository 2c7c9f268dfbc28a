/** The sentences and lists of a sweep's report, worked out without a browser. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arranged,
  customersOf,
  filterNamed,
  filtersOf,
  gapsOf,
  type Order,
  orderAfter,
  outcomeInWords,
  progressWords,
  queryOf,
  toneOf,
  whyOf,
} from '../../src/console/report.ts'
import { dayInWords } from '../../src/console/times.ts'
import type { Sweep, SweepResult } from '../../src/contract/sweeps.ts'

const noon = (day: number, month = 10, year = 2026) => new Date(year, month, day, 12).toISOString()

const NOTHING = { opened: 0, closed: 0, new: 0, lost: 0, stillOpen: 0 }
const SWEEP: Sweep = {
  ...{ id: 'this', name: 'weekly', status: 'finished', scheduled: true, customers: 'all' },
  ...{ suite: 'standard', proof: 'message', spread: null, says: null },
  createdAt: noon(29),
  finishedAt: noon(29),
  progress: { targets: 1200, tested: 1200, skipped: 0, running: 0, waiting: 0 },
  verdicts: { open: 0, closed: 1200, inconclusive: 0 },
  changes: { against: 'before', ...NOTHING },
}
const FIRST: Sweep = { ...SWEEP, changes: { against: null, ...NOTHING } }
const BEFORE = { createdAt: noon(22) }

const RESULT: SweepResult = {
  ...{ ip: '203.0.113.25', port: 25, domain: 'example.com', customerId: 'acme', reference: null },
  ...{ state: 'tested', verdict: 'closed', reason: null, testId: 'test', finishedAt: noon(29), says: null },
  ...{ change: null, lastVerdict: 'closed', openSince: null },
}

const some = (open: number, changes: Partial<Sweep['changes']>, parts: Partial<Sweep> = {}): Sweep => ({
  ...SWEEP,
  verdicts: { ...SWEEP.verdicts, open },
  changes: { ...SWEEP.changes, ...changes },
  ...parts,
})

test('one sentence says what a sweep has found, and what has changed since the last one', () => {
  assert.equal(
    outcomeInWords(some(3, { opened: 1, stillOpen: 2 }), BEFORE),
    '3 servers are open relays; 1 opened since the last sweep of 22 November.',
  )
  assert.equal(
    outcomeInWords(some(1000, { opened: 1000, closed: 2 }), BEFORE),
    '1,000 servers are open relays; 1,000 opened and 2 closed again since the last sweep of 22 November.',
  )
  assert.equal(
    outcomeInWords(some(2, { new: 5, stillOpen: 1 }), BEFORE),
    '2 servers are open relays; 1 new and open since the last sweep of 22 November.',
  )
  assert.equal(
    outcomeInWords(some(1, { stillOpen: 1 }), null),
    '1 server is an open relay; none opened or closed since the last sweep.',
  )
  assert.equal(
    outcomeInWords(some(0, { closed: 1 }, { status: 'running' }), BEFORE),
    'So far, no server is an open relay; 1 closed again since the last sweep of 22 November.',
  )
  assert.equal(outcomeInWords(FIRST, null), 'No server is an open relay. There is no earlier sweep to compare with.')
})

test('the last sweep is named by its day, by its year if that was another one, and by its time on the same day', () => {
  assert.equal(dayInWords(noon(22), noon(29)), 'of 22 November')
  assert.equal(dayInWords(noon(22, 11, 2025), noon(2, 0)), 'of 22 December 2025')
  assert.equal(dayInWords(noon(29), noon(29)), 'at 12:00')
})

test('the gaps of a sweep are named: servers without a clear answer, without a test, or without a result now', () => {
  assert.equal(gapsOf(SWEEP), '')
  const progress = { targets: 9, tested: 1, skipped: 1, running: 0, waiting: 7 }
  const verdicts = { open: 0, closed: 0, inconclusive: 1 }
  const changes = { against: 'before', ...NOTHING, lost: 2 }
  const stopped = { ...SWEEP, status: 'stopped', progress, verdicts, changes } as const
  assert.equal(
    gapsOf(stopped),
    '1 server gave no clear answer, 8 servers were not tested and 2 servers of the last sweep have no result now.',
  )
  assert.match(gapsOf({ ...stopped, status: 'running' }), /, 1 server was not tested/)
})

test('the worst news gives the colour, and green means that every server is closed', () => {
  assert.equal(toneOf(SWEEP), 'closed')
  assert.equal(toneOf(some(1, {}, { status: 'running' })), 'open')
  assert.equal(toneOf({ ...SWEEP, status: 'running' }), 'running')
  assert.equal(toneOf({ ...SWEEP, verdicts: { open: 0, closed: 9, inconclusive: 1 } }), 'inconclusive')
  assert.equal(toneOf({ ...SWEEP, progress: { ...SWEEP.progress, skipped: 1 } }), 'inconclusive')
  assert.equal(toneOf({ ...SWEEP, verdicts: { open: 0, closed: 0, inconclusive: 0 } }), 'inconclusive')
})

test('the progress is said in words', () => {
  const progress = { targets: 5230, tested: 2000, skipped: 4, running: 3, waiting: 3223 }
  const said = (status: Sweep['status']) => progressWords({ ...SWEEP, status, progress })
  assert.equal(said('running'), '2,004 of 5,230 servers done, 3 in progress')
  assert.equal(said('stopped'), 'stopped after 2,004 of 5,230 servers')
  assert.equal(said('finished'), '5,230 servers, finished')
})

test('filters of changes are there only if there is a sweep to compare with; an unknown filter shows what is open', () => {
  assert.deepEqual(filtersOf(FIRST), ['open', 'inconclusive', 'skipped', 'all'])
  assert.equal(filtersOf(SWEEP).length, 9)
  assert.deepEqual(['lost', 'nonsense', null].map(filterNamed), ['lost', 'open', 'open'])
})

test('a filter asks the service, for one customer if there is one', () => {
  assert.equal(queryOf('opened', null), 'change=opened')
  assert.equal(queryOf('still-open', 'acme', { limit: '1000' }), 'verdict=open&customerId=acme&limit=1000')
  assert.equal(queryOf('all', null), '')
})

const ORDERS: readonly (readonly [says: string, order: Order, ports: readonly number[]])[] = [
  ['the most urgent first', null, [3, 2, 4, 5, 1]],
  ['by server, numbers as numbers', { by: 'server', isDown: false }, [1, 2, 3, 4, 5]],
  ['the other way round', { by: 'server', isDown: true }, [5, 4, 3, 2, 1]],
  ['by the day since it is open; results without one stay last', { by: 'since', isDown: false }, [4, 2, 3, 1, 5]],
  ['the newest first; results without one stay last', { by: 'since', isDown: true }, [3, 2, 4, 1, 5]],
]

for (const [says, order, ports] of ORDERS) {
  test(`results are in order: ${says}`, () => {
    const rows = [
      { ...RESULT, ip: '203.0.113.5', port: 1 },
      { ...RESULT, ip: '203.0.113.25', port: 2, verdict: 'open', lastVerdict: 'open', openSince: noon(22) },
      { ...RESULT, ip: '203.0.113.100', port: 3, verdict: 'open', change: 'opened', openSince: noon(29) },
      { ...RESULT, ip: '203.0.113.101', port: 4, verdict: 'inconclusive', lastVerdict: 'open', openSince: noon(1) },
      { ...RESULT, ip: '203.0.113.102', port: 5, verdict: 'inconclusive' },
    ] as const
    assert.deepEqual(
      arranged(rows, '', order).map(({ port }) => port),
      ports,
    )
  })
}

test('a click on a heading sorts by it, and another one the other way round', () => {
  const once = orderAfter(null, 'customer')
  assert.deepEqual(once, { by: 'customer', isDown: false })
  assert.deepEqual(orderAfter(once, 'customer'), { by: 'customer', isDown: true })
  assert.deepEqual(orderAfter(once, 'server'), { by: 'server', isDown: false })
})

test('results are found by each word in any column, also by words that only the page has', () => {
  const rows = [
    RESULT,
    { ...RESULT, customerId: 'beta', verdict: 'open', change: 'opened', reference: 'CRM-77' },
  ] as const
  const found = (text: string) => arranged(rows, text, null).map(({ customerId }) => customerId)
  assert.deepEqual(found(' '), ['beta', 'acme'])
  assert.deepEqual(found('ACME 203.0'), ['acme'])
  assert.deepEqual(found('crm-77'), ['beta'])
  assert.deepEqual(found('open relay'), ['beta'])
  assert.deepEqual(found('acme open'), [])
  assert.deepEqual(customersOf([...rows, RESULT]), ['acme', 'beta'])
})

test('why a result is as it is: the sentence of the service, or the reason in words', () => {
  assert.equal(whyOf(RESULT), '')
  assert.equal(whyOf({ ...RESULT, reason: 'greylisted' }), 'it asks us to come back later (greylisting)')
  assert.equal(whyOf({ ...RESULT, reason: 'a-new-word' }), 'a-new-word')
  assert.equal(whyOf({ ...RESULT, reason: 'greylisted', says: 'It moved.' }), 'It moved.')
})
