/** Defines the judgement on a whole test. verdict.ts returns it; the summary and the result are made of it. */
import type { Cause, Caveat, Evidence, Reason } from '../contract/words.ts'
import type { Assessed } from './assess.ts'

/** The judgement on a test. `decisive` are the indexes of the transcript lines that prove it. */
export type Judgement = {
  readonly evidence: Evidence
  readonly retryAfter: number | null
  readonly rows: readonly Assessed[]
  readonly decisive: readonly number[]
  readonly caveats: readonly Caveat[]
} & (
  | { readonly verdict: 'open'; readonly cause: Cause | null; readonly reason: null }
  | { readonly verdict: 'closed'; readonly cause: null; readonly reason: null }
  | { readonly verdict: 'inconclusive'; readonly cause: null; readonly reason: Reason }
)
