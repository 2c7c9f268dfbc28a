/** Keeps a finished test as bytes, so that late mail can amend it: objects take several times as much memory. */
import { deserialize, serialize } from 'node:v8'
import type { ProbeResult } from '../probe/probe.ts'
import { formOf } from '../relay/forms.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { TestIdentity } from './job.ts'
import type { Circumstances } from './result.ts'

/** Everything that the result of a test is made of. */
export interface FinishedTest {
  readonly test: TestIdentity
  readonly run: ProbeResult
  readonly transcript: Pick<Transcript, 'entries' | 'truncated'>
  readonly circumstances: Omit<Circumstances, 'amendedAt'>
}

/** Returns a finished test as bytes. */
export const toBytes = (finished: FinishedTest): Buffer => serialize(withFormIds(finished))

/** Returns the finished test that `toBytes` wrote. */
export function fromBytes(bytes: Buffer): FinishedTest {
  const { run, ...rest }: ReturnType<typeof withFormIds> = deserialize(bytes)
  const rows = run.observations.rows.map((row) => ({
    ...row,
    attempt: { ...row.attempt, form: formOf(row.attempt.form) },
  }))
  return { ...rest, run: { ...run, observations: { ...run.observations, rows } } }
}

/** Returns a finished test with the id of each form in its place: a form has functions, which cannot be written. */
function withFormIds({ test, run, transcript: { entries, truncated }, circumstances }: FinishedTest) {
  const rows = run.observations.rows.map((row) => ({ ...row, attempt: { ...row.attempt, form: row.attempt.form.id } }))
  const observations = { ...run.observations, rows }
  return { test, run: { ...run, observations }, transcript: { entries, truncated }, circumstances }
}
