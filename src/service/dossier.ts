/**
 * Keeps everything that the result of a test is made of, as bytes beside the result. So any replica can judge the test
 * again, even if the replica that ran it is gone.
 */
import { deserialize, serialize } from 'node:v8'
import { formOf } from '../relay/forms.ts'
import type { Transcript } from '../smtp/transcript.ts'
import type { DossierBytes } from '../store/results.ts'
import type { ExpectedMail } from './arrivals.ts'
import type { TestIdentity } from './job.ts'
import type { TestRequest } from './request.ts'
import type { ResultDetails } from './result.ts'
import type { VantageRun, VantageRuns } from './vantage-runs.ts'

/** Everything that the result of a test is made of. */
export interface FinishedTest {
  readonly test: TestIdentity
  readonly runs: VantageRuns
  readonly transcript: Pick<Transcript, 'entries' | 'truncated'>
  readonly circumstances: Omit<ResultDetails, 'amendedAt'>
}

/** A finished test, and what is needed to change its result later. */
export interface Dossier extends FinishedTest {
  /** The mail that may still arrive. */
  readonly mail: ExpectedMail
  /** The idempotency key of the test as the stores know it, or null. It must live as long as the result. */
  readonly key: string | null
  readonly asked: StoredRequest
}

/** The request of a test and its caller, as later visits and webhooks need them. */
export interface StoredRequest {
  readonly callerId: string
  readonly requestId: string
  readonly request: Omit<TestRequest, 'address'>
}

/** Raise it whenever the members of a dossier change, so that no version reads a dossier that it does not know. */
const SHAPE = 2

/** Returns a dossier as bytes, and its secrets. */
export function toBytes(dossier: Dossier): DossierBytes {
  const secrets = [...dossier.mail.secrets.values()].flatMap(({ header, body }) => [header, body])
  return { bytes: serialize({ shape: SHAPE, ...withFormIds(dossier) }), secrets }
}

/** Returns the dossier that `toBytes` wrote, or null if another version of the service or of Node.js wrote it. */
export function fromBytes({ bytes }: DossierBytes): Dossier | null {
  const read = deserialized(bytes)
  if (read?.shape !== SHAPE) return null
  const { shape: _, runs, ...rest } = read
  const [first, second] = runs
  return { ...rest, runs: second ? [withForms(first), withForms(second)] : [withForms(first)] }
}

/** Returns what `serialize` wrote; null for bytes that this Node.js cannot read. */
function deserialized(bytes: Buffer): (ReturnType<typeof withFormIds> & { readonly shape: number }) | null {
  try {
    return deserialize(bytes)
  } catch {
    return null
  }
}

/** Returns a dossier with ids in place of forms: a form has functions, which cannot be stored. */
function withFormIds({ runs, transcript: { entries, truncated }, ...rest }: Dossier) {
  const [first, second] = runs
  const written = [formless(first), second && formless(second)] as const
  return { ...rest, runs: written, transcript: { entries, truncated } }
}

function formless({ found, ...run }: VantageRun) {
  const { rows, ...others } = found.observations
  const ids = rows.map((row) => ({ ...row, attempt: { ...row.attempt, form: row.attempt.form.id } }))
  return { ...run, found: { ...found, observations: { ...others, rows: ids } } }
}

function withForms({ found, ...run }: ReturnType<typeof formless>): VantageRun {
  const { rows, ...others } = found.observations
  const formed = rows.map((row) => ({ ...row, attempt: { ...row.attempt, form: formOf(row.attempt.form) } }))
  return { ...run, found: { ...found, observations: { ...others, rows: formed } } }
}
