/**
 * Judges a test that asked the same server from two vantages (docs/verdict.md, rule 13), and says when a second vantage
 * can help. Each run is judged by itself first.
 */
import { CAVEATS, EVIDENCES, type Reason } from '../contract/words.ts'
import { checkVerdict } from './invariants.ts'
import type { Judgement } from './judgement.ts'
import type { Observations } from './observations.ts'
import { areSameWords } from './same-words.ts'
import { judge } from './verdict.ts'

/** Reasons that may concern the vantage alone: another vantage may learn more. */
const MAY_BE_ABOUT_US: ReadonlySet<Reason> = new Set<Reason>([
  'vantage-blocked',
  'vantage-banned',
  'words-unknown',
  'greeting-refused',
  'connect-timeout',
  'connection-refused',
  'dropped',
  'tarpitted',
])

/** Whether a second vantage may learn more, if the first one ended with this reason. */
export const needsSecond = (reason: Reason): boolean => MAY_BE_ABOUT_US.has(reason)

/**
 * How much each reason says about the server; a higher number says more. 5: a doubt that no other vantage can remove.
 * 4: another answer of the server. 3: a refusal of us. 2: no answer. 1: our own fault, or a test that was stopped.
 */
const WORTH: Readonly<Record<Reason, number>> = {
  'recipient-accepted': 5,
  'content-refused': 5,
  'accepted-then-bounced': 5,
  'ambiguous-accepted': 5,
  'words-unknown': 4,
  'domain-unknown': 4,
  greylisted: 4,
  throttled: 4,
  'server-trouble': 4,
  'tls-required': 4,
  'tls-failed': 4,
  'protocol-error': 4,
  'connection-limit': 4,
  'vantage-blocked': 3,
  'vantage-banned': 3,
  tarpitted: 3,
  'greeting-refused': 3,
  dropped: 2,
  'connect-timeout': 2,
  'connection-refused': 2,
  unreachable: 2,
  deadline: 2,
  interrupted: 1,
  'vantage-failed': 1,
}

/** The vantage whose answer counts: 0 is the first one, 1 the second one. */
export type VantageIndex = 0 | 1

/**
 * Returns the vantage whose answer counts. Open counts most. Closed counts only if the other answer is closed too, or
 * may be about the other vantage alone. Otherwise the reason with the higher WORTH counts; if both are equal, the first
 * vantage counts.
 */
export function decidingVantage(first: VantageAnswer, second: VantageAnswer): VantageIndex {
  if (first.verdict === 'open' || second.verdict === 'open') {
    return second.verdict === 'open' && (first.verdict !== 'open' || isStronger(second, first)) ? 1 : 0
  }
  if (first.reason === null) return second.reason === null || needsSecond(second.reason) ? 0 : 1
  if (second.reason === null) return needsSecond(first.reason) ? 1 : 0
  return WORTH[second.reason] > WORTH[first.reason] ? 1 : 0
}

/** The part of a judgement that decides which vantage counts. */
type VantageAnswer = Pick<Judgement, 'verdict' | 'reason' | 'evidence'>

const isStronger = (a: Pick<VantageAnswer, 'evidence'>, b: Pick<VantageAnswer, 'evidence'>): boolean =>
  EVIDENCES.indexOf(a.evidence) > EVIDENCES.indexOf(b.evidence)

/** The judgement on a whole test. */
export interface WholeJudgement {
  /** The judgement that counts. Its rows are those of that vantage. */
  readonly judgement: Judgement
  /** The vantage whose answer it is, or `both` if only the two answers together settle it. */
  readonly by: VantageIndex | 'both'
  /** The judged rows of each vantage. */
  readonly rows: readonly Judgement['rows'][]
}

/** Judges a test by the observations of its first vantage, and of its second one if there is one. Throws as `judge`. */
export function judgeTogether(first: Observations, second: Observations | null): WholeJudgement {
  const one = judge(first)
  if (second === null) return { judgement: one, by: 0, rows: [one.rows] }
  const other = judge(second)
  const rows = [one.rows, other.rows]
  const together = { ...(settledByWords(first, second) ?? combined(one, other)), rows }
  checkVerdict(together.judgement.verdict, rows)
  return together
}

/** Returns the judgement of two vantages if the same words do not settle it. */
function combined(one: Judgement, other: Judgement): Pick<WholeJudgement, 'judgement' | 'by'> {
  const by = decidingVantage(one, other)
  const [counts, ignored] = by === 0 ? [one, other] : [other, one]
  if (counts.verdict === 'closed' && ignored.verdict === 'inconclusive') {
    const caveats = CAVEATS.filter((word) => word === 'treats-vantages-differently' || counts.caveats.includes(word))
    return { judgement: { ...counts, caveats }, by }
  }
  const evidence = counts.verdict === 'closed' || !isStronger(ignored, counts) ? counts.evidence : ignored.evidence
  return { judgement: { ...counts, evidence }, by }
}

/** Returns `closed` if both vantages met the same words, so that these cannot be about one address; otherwise null. */
function settledByWords(first: Observations, second: Observations): Pick<WholeJudgement, 'judgement' | 'by'> | null {
  if (!areSameWords(first, second)) return null
  const [one, other] = [first, second].map((each) => judge({ ...each, metElsewhere: true }))
  if (one?.verdict !== 'closed' || other?.verdict !== 'closed') return null
  const caveats = CAVEATS.filter((word) => one.caveats.includes(word) || other.caveats.includes(word))
  return { judgement: { ...one, caveats, decisive: [...one.decisive, ...other.decisive] }, by: 'both' }
}
