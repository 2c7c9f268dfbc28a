/** Proves by the kernel's counters that the built service dials only what the lists allow. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { cases } from '../harness/mass.ts'
import { labUnavailable } from '../lab/unavailable.ts'
import { casesFrom, take } from './cases.ts'
import { dialAll } from './end-to-end.ts'
import { oracleUnavailable } from './oracle.ts'

const SEED = 20270102
const REQUESTS = cases(3_800)

const missing = labUnavailable() ?? oracleUnavailable()
const skip = missing !== null && process.env.CI === undefined ? missing : false

test(`of ${REQUESTS} requests the service dials exactly what Python allows, and nothing else leaves`, {
  skip,
}, async (t: TestContext) => {
  assert.equal(missing, null)
  const run = await dialAll(t, take(casesFrom(SEED), REQUESTS), () => {})
  t.diagnostic(`${run.asked} requests, ${run.accepted.length} tests, denied: ${JSON.stringify(run.denied)}`)
  assert.deepEqual(run.wrong.slice(0, 10), [])
  assert.deepEqual(run.dialled, run.accepted)
  assert.deepEqual(run.intents, run.accepted)
  assert.deepEqual(run.witness, { port25: run.accepted.length, elsewhere: 0, datagrams: 0 })
  assert.deepEqual(run.strangeNames, [])
  assert.ok(run.accepted.length > REQUESTS / 14, `${run.accepted.length} tests`)
  for (const why of ['syntax', 'special', 'own', 'not-allowed', 'opted-out', 'domain']) {
    assert.ok((run.denied[why] ?? 0) > 30, `${why}: ${run.denied[why]}`)
  }
})
