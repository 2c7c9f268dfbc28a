/** Servers that say that we ask too much: we come back after a pause, never at once, and not often. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEALTHY, verdictOn } from './model.ts'

const SUITES = ['standard', 'full'] as const
const NEVER = Number.POSITIVE_INFINITY
const RATE_LIMIT = '450 4.7.1 Rate limit exceeded'

for (const suite of SUITES) {
  test(`a rate limit that ends in time costs a pause of five seconds (${suite})`, async () => {
    const { verdict, witness } = await verdictOn({ ...HEALTHY, deferral: RATE_LIMIT, acceptsAtMs: 4_000 }, { suite })
    assert.equal(verdict, 'closed')
    assert.ok(
      witness.openedAt.every((ms) => ms === 0 || ms >= 5_000),
      String(witness.openedAt),
    )
  })

  test(`the pause grows, and there are two (${suite})`, async () => {
    const { reason, witness } = await verdictOn({ ...HEALTHY, deferral: RATE_LIMIT, acceptsAtMs: NEVER }, { suite })
    assert.equal(reason, 'throttled')
    const pauses = [...new Set(witness.openedAt.map((ms) => Math.round(ms / 1_000)))]
    assert.ok(
      pauses.every((seconds) => seconds === 0 || seconds === 5 || seconds >= 20),
      String(pauses),
    )
    if (suite === 'standard') assert.equal(witness.connections, 3)
  })

  test(`the pause is as long as the reply says (${suite})`, async () => {
    const deferral = '450 4.7.1 Rate limit exceeded, try again in 12 seconds'
    const { verdict, witness } = await verdictOn({ ...HEALTHY, deferral, acceptsAtMs: 12_000 }, { suite })
    assert.equal(verdict, 'closed')
    assert.ok(
      witness.openedAt.every((ms) => ms === 0 || ms >= 12_000),
      String(witness.openedAt),
    )
  })

  test(`a pause that does not fit into the test is not begun (${suite})`, async () => {
    const deferral = '450 4.7.1 Rate limit exceeded, try again in 10 minutes'
    const { reason, witness } = await verdictOn({ ...HEALTHY, deferral, acceptsAtMs: NEVER }, { suite })
    assert.equal(reason, 'throttled')
    assert.ok(
      witness.openedAt.every((ms) => ms < 1_000),
      String(witness.openedAt),
    )
  })

  test(`a server with too many connections is visited again after five seconds (${suite})`, async () => {
    const { verdict, witness } = await verdictOn({ ...HEALTHY, greetsAtMs: 4_000 }, { suite })
    assert.equal(verdict, 'closed')
    assert.ok(
      witness.openedAt.every((ms) => ms === 0 || ms >= 5_000),
      String(witness.openedAt),
    )
  })

  test(`a server that always has too many connections is visited twice more (${suite})`, async () => {
    const { reason, witness } = await verdictOn({ ...HEALTHY, greetsAtMs: NEVER }, { suite })
    assert.equal(reason, 'throttled')
    assert.deepEqual(
      witness.openedAt.filter((ms) => ms > 0),
      [5_000, 20_000],
    )
  })
}
