/** Compares the verdicts of two vantages with the truth about model servers that treat them differently, or alike. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeTogether, needsSecond } from '../../src/relay/two-vantages.ts'
import { judge } from '../../src/relay/verdict.ts'
import { visit } from './truth/examine.ts'
import { described, type Traits, traitsOf } from './truth/traits.ts'
import { truthOf, unknowable } from './truth/truth.ts'

const SERVERS = 400
const ELSEWHERE = { vantage: ['203.0.113.200'] }

/** Judges a server from two vantages. The traits say how it treats each. */
async function judgedFrom(first: Traits, second: Traits) {
  const one = (await visit(first)).observations
  const { reason } = judge(one)
  const two = { ...(await visit(second)).observations, ...ELSEWHERE }
  return { isAskedAgain: reason !== null && needsSecond(reason), ...judgeTogether(one, two) }
}

/** Returns the server with the same number, which bans only the first vantage, and one that treats both alike. */
function pairsOf(seed: number): readonly (readonly [Traits, Traits])[] {
  const traits: Traits = { ...traitsOf(seed), suite: 'standard' }
  const { banBy, banSpares } = traitsOf(seed + 1)
  const banned: Traits = traits.ban === 'never' ? { ...traits, ban: 'from the start', banBy, banSpares } : traits
  return [
    [banned, { ...traits, ban: 'never' }],
    [traits, traits],
  ]
}

test(`no verdict from two vantages on ${SERVERS} model servers is false`, async (t) => {
  const settled: string[] = []
  for (let seed = 0; seed < SERVERS; seed += 1) {
    for (const [first, second] of pairsOf(seed)) {
      const { judgement, by, isAskedAgain } = await judgedFrom(first, second)
      const { verdict } = judgement
      const truth = truthOf(second)
      if (isAskedAgain && verdict !== 'inconclusive') settled.push(`${verdict} by ${by}`)
      if (verdict === 'inconclusive' || verdict === truth) continue
      const why = unknowable(first, verdict) ?? unknowable(second, verdict)
      assert.ok(why !== null, `false ${verdict} by ${by}: --seed ${seed}: ${described(first)}`)
    }
  }
  for (const how of ['open by 1', 'closed by 1', 'closed by both']) {
    const times = settled.filter((one) => one === how).length
    t.diagnostic(`${how}: ${times}`)
    assert.ok(times > 0, `${how} was never met`)
  }
})
