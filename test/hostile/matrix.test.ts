/** Tries every fault at every moment: the reason is right, the test ends in time, and nothing is left open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../harness/waiting.ts'
import { FAULT_NAMES, type Fault, SILENT } from './faults.ts'
import { EXPECTED, faultAt } from './matrix.ts'
import { visit, visitSilent, watchProcess, wordOf } from './meet.ts'
import { MOMENTS } from './server.ts'

/** A silent server uses up the whole deadline, so the deadline is short for it. */
const patienceFor = (fault: Fault) => (SILENT.has(fault) ? { patienceMs: 5_000 } : {})

const rows = MOMENTS.flatMap((moment) => FAULT_NAMES.map((fault) => ({ moment, fault })))

test('12 phases × 10 faults', { concurrency: 24 }, async (t) => {
  assert.equal(rows.length, 120)
  const watch = watchProcess()
  await Promise.all(
    rows.map(({ moment, fault }) => {
      const [habits, expected] = EXPECTED[moment]
      return t.test(`${fault} at ${moment}: ${expected[fault]}`, async (row) => {
        const options = () => ({ ...habits, script: faultAt(fault, moment) })
        const { judgement } = SILENT.has(fault)
          ? await visitSilent(row, options, expected[fault])
          : await visit(row, options())
        assert.equal(wordOf(judgement), expected[fault])
        const taken = moment === 'DATA' || moment === 'final dot'
        assert.equal(judgement.evidence, taken ? 'recipient-accepted' : 'none')
      })
    }),
  )
  await until('all sockets and timers gone', () => watch.left().length === 0).catch(() => {})
  assert.deepEqual(watch.left(), [])
})

test('with PIPELINING and the full suite, no faulty server is called open, or closed too early', {
  concurrency: 20,
}, async (t) => {
  await Promise.all(
    rows.map(({ moment, fault }) =>
      t.test(`${fault} at ${moment}`, async (row) => {
        const options = { ...EXPECTED[moment][0], pipelining: true, script: faultAt(fault, moment) }
        const { judgement, server } = await visit(row, options, { suite: 'full', ...patienceFor(fault) })
        const answered = moment === 'RSET' || moment === 'QUIT'
        assert.ok(judgement.verdict === 'inconclusive' || (answered && judgement.verdict === 'closed'))
        assert.ok(server.peers.length <= 8)
      }),
    ),
  )
})

test('when a visit ends, none of its timers is left', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  for (const moment of MOMENTS) {
    const before = timers()
    await visit(t, { ...EXPECTED[moment][0], script: faultAt('FIN', moment) })
    assert.equal(timers(), before, moment)
  }
})
