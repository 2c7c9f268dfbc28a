/** Verdicts that were once wrong, and the examples of the API: all are judged again from their transcripts. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { EXAMPLES } from '../src/contract/examples.ts'
import { type RelayTest, relayTest } from '../src/contract/relay-test.ts'
import { rejudge } from './harness/rejudge.ts'
import { ROOT } from './harness/service.ts'

/** A report of a wrong verdict: the result as the API returned it, and the right verdict. */
const reported = z.strictObject({
  what: z.string(),
  expected: z.strictObject({ verdict: z.string(), reason: z.string().nullable(), cause: z.string().nullable() }),
  result: relayTest,
})

const outcome = (result: RelayTest) => {
  const { verdict, reason, cause } = rejudge(result)
  return { verdict, reason, cause }
}

const FOLDER = join(ROOT, 'test/cases')

for (const file of readdirSync(FOLDER)) {
  const { what, expected, result } = reported.parse(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')))
  test(`${file}: ${what}`, () => assert.deepEqual(outcome(result), expected))
}

for (const [name, { value }] of Object.entries(EXAMPLES)) {
  test(`the example "${name}" gets the same verdict from its transcript as from its session`, () => {
    const { verdict, reason, cause } = value
    assert.deepEqual(outcome(value), { verdict, reason, cause })
    const judgement = rejudge(value)
    assert.equal(judgement.evidence, value.evidence)
    const key = value.transcript.flatMap((line, index) => (line.key ? [index] : []))
    assert.deepEqual(
      [...judgement.decisive].sort((a, b) => a - b),
      key,
    )
  })
}
