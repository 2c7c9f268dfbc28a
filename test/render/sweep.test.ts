/** Sweeps and their results as text. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resultLine, sweepLine, sweepText } from '../../src/render/sweep.ts'
import { SWEEP_ID, sweepResultWith, sweepWith } from '../harness/scripted-sweep.ts'

const PLAIN = { coloured: false, width: null }

test('a result is one line: verdict, change, place, customer, names, and what else is known', () => {
  const open = sweepResultWith({
    ...{ verdict: 'open', change: 'opened', domain: 'example.com', reference: 'R 1' },
    openSince: '2027-01-02T03:05:06.789Z',
  })
  assert.equal(
    resultLine(open, PLAIN),
    'OPEN          opened  203.0.113.25:25        acme          example.com R 1       open since 2027-01-02',
  )
  assert.equal(
    resultLine(sweepResultWith({ ip: '2001:db8::25', verdict: 'inconclusive', reason: 'connect-timeout' }), PLAIN),
    'INCONCLUSIVE          [2001:db8::25]:25      acme                                connect-timeout',
  )
  const skipped = sweepResultWith({ state: 'skipped', verdict: null, says: 'It is on the opt-out list.' })
  assert.match(resultLine(skipped, PLAIN), /^SKIPPED {15}203\.0\.113\.25:25 .* It is on the opt-out list\.$/)
  assert.match(resultLine(sweepResultWith({ state: 'waiting', verdict: null }), PLAIN), /^WAITING .* acme$/)
})

test('a result on a terminal has the colour of its verdict, fits into the width, and is safe', () => {
  const result = sweepResultWith({ verdict: 'open', reason: 'x\x1b[2J\n', reference: 'y'.repeat(80) })
  assert.match(resultLine(result, { coloured: true, width: 60 }), /^\x1b\[1;31mOPEN {8}\x1b\[0m[^\x1b\n]{47}…$/)
  assert.match(resultLine(result, PLAIN), / x \[2J$/)
})

test('a sweep that runs says how far it is, and why it does not go on', () => {
  const sweep = sweepWith({
    ...{ status: 'running', finishedAt: null, customers: 'all', spread: '6h', scheduled: true },
    says: 'Testing is switched off.',
    progress: { targets: 340, tested: 12, skipped: 2, running: 4, waiting: 322 },
    verdicts: { open: 1, closed: 11, inconclusive: 0 },
  })
  assert.deepEqual(sweepText(sweep).split('\n'), [
    'RUNNING  weekly',
    '12 of 340 tested: 1 open, 11 closed, 0 inconclusive; 4 running; 322 waiting; 2 skipped.',
    'Testing is switched off.',
    `2027-01-02 03:04 UTC, by schedule, all customers, spread over 6h, suite standard, proof message, id ${SWEEP_ID}`,
  ])
  assert.equal(
    sweepLine(sweep),
    `RUNNING   weekly            2027-01-02 03:04  ${SWEEP_ID}  14/340  1 open, 11 closed, 0 inconclusive`,
  )
})

test('a sweep that was stopped says how many targets it did not test', () => {
  const progress = { targets: 5, tested: 2, skipped: 0, running: 0, waiting: 3 }
  const text = sweepText(sweepWith({ status: 'stopped', says: 'A caller stopped the sweep.', progress }))
  assert.match(text, /^STOPPED {2}weekly\n2 of 5 tested: [^;]*; 3 not tested\.\nA caller stopped the sweep\.\n/)
})

test('a sweep that is compared says what has changed', () => {
  const sweep = sweepWith({
    customers: ['acme', 'beta'],
    changes: { against: SWEEP_ID, opened: 1, closed: 2, new: 3, lost: 4, stillOpen: 5 },
  })
  const changes = '1 opened, 2 closed again, 4 lost, 3 new, 5 still open'
  assert.match(sweepText(sweep), new RegExp(`\nSince the sweep before: ${changes}\\.\n`))
  assert.match(sweepText(sweep), /\n2027-01-02 03:04 to 2027-01-02 04:05 UTC, customers acme, beta, suite /)
  assert.match(sweepLine(sweep), new RegExp(`^FINISHED  weekly .* 2/2  .* inconclusive  ${changes}$`))
  const same = sweepWith({ changes: { against: SWEEP_ID, opened: 0, closed: 0, new: 0, lost: 0, stillOpen: 0 } })
  assert.match(sweepText(same), /\nSince the sweep before: no change\.\n/)
})
