import type { Cause, Evidence, Reason, Refusal } from '../contract/words.ts'
import { EVIDENCES, REASONS } from '../contract/words.ts'
import { type Assessed, assess } from './assess.ts'
import type { Findings } from './findings.ts'
import { classify } from './refusals.ts'

/** The judgement on a run. `decisive` are the transcript lines that it rests on. */
export type Judgement = {
  readonly evidence: Evidence
  readonly retryAfter: number | null
  readonly rows: readonly Assessed[]
  readonly decisive: readonly number[]
} & (
  | { readonly verdict: 'open'; readonly cause: Cause | null; readonly reason: null }
  | { readonly verdict: 'closed'; readonly cause: null; readonly reason: null }
  | { readonly verdict: 'inconclusive'; readonly cause: null; readonly reason: Reason }
)

/** After how many seconds another test may learn more: greylisting and fail2ban both count in ten minutes. */
const RETRY_AFTER: Partial<Record<Reason, number>> = {
  greylisted: 600,
  throttled: 600,
  'server-trouble': 600,
  'connect-timeout': 600,
  dropped: 600,
}

/** Judges what a run saw: a pure function of its replies (docs/verdict.md cites the rules by number). */
export function judge(findings: Findings): Judgement {
  const rows = findings.attempts.map((attempt) => assess(attempt, findings.names))
  const evidence = rows.map((row) => row.evidence).reduce(stronger, 'none')
  const relayed = rows.find((row) => row.evidence === 'message-accepted')
  if (relayed) {
    const decisive = relayed.attempt.exchanges.filter(({ phase }) => phase !== 'mail').flatMap(({ at }) => at)
    return { ...NOTHING, verdict: 'open', evidence, cause: causeOf(relayed, rows), rows, decisive }
  }
  const signs = signsOf(findings, rows)
  const reason = REASONS.find((candidate) => signs.has(candidate))
  if (reason) {
    const retryAfter = RETRY_AFTER[reason] ?? null
    return {
      ...NOTHING,
      verdict: 'inconclusive',
      evidence,
      reason,
      retryAfter,
      rows,
      decisive: signs.get(reason) ?? [],
    }
  }
  return { ...NOTHING, verdict: 'closed', evidence, rows, decisive: rows.flatMap((row) => row.decisive?.at ?? []) }
}

const NOTHING = { reason: null, cause: null, retryAfter: null } as const

const stronger = (a: Evidence, b: Evidence): Evidence => (EVIDENCES.indexOf(b) > EVIDENCES.indexOf(a) ? b : a)

/** What an open server trusts; null where the outside sender was not properly refused and nothing singles one out. */
function causeOf(relayed: Assessed, rows: readonly Assessed[]): Cause | null {
  if (relayed.attempt.form.id === 'outside-sender') return 'everyone'
  const outside = rows.find((row) => row.attempt.form.id === 'outside-sender')
  if (outside?.outcome !== 'refused' || reasonOf(outside, rows) !== null) return null
  return relayed.attempt.form.sender === 'own' ? 'own-domain-sender' : 'null-sender'
}

/**
 * Every reason for which a run cannot be called closed, with the transcript lines that show it. None left means closed:
 * every planned form was answered, none relayed, and the outside sender was refused for relaying (rule 4).
 */
function signsOf(findings: Findings, rows: readonly Assessed[]): Map<Reason, number[]> {
  const signs = new Map<Reason, number[]>()
  const add = (reason: Reason, at: readonly number[]) => signs.set(reason, [...(signs.get(reason) ?? []), ...at])
  const { turnedAway } = findings
  if (turnedAway) add(reasonOfTurningAway(findings, turnedAway.reply), turnedAway.at)
  for (const row of rows) {
    const reason = reasonOf(row, rows)
    if (reason) add(reason, row.decisive?.at ?? [])
  }
  // Closed is earned by the outside sender alone; without it nothing is known.
  if (!rows.some((row) => row.attempt.form.id === 'outside-sender')) add('deadline', [])
  if (findings.domainSource !== 'request' && findings.domainSource !== 'customer') add('domain-unknown', [])
  return signs
}

/** Why one attempt keeps the verdict from being closed, or null. */
function reasonOf(row: Assessed, rows: readonly Assessed[]): Reason | null {
  const { attempt, outcome, refusal } = row
  const { form } = attempt
  if (attempt.why === 'interrupted') return 'interrupted'
  if (outcome === 'not-run') return attempt.why ?? 'dropped'
  if (outcome === 'accepted') {
    if (form.kind === 'control') return null
    return form.kind === 'ambiguous' ? 'ambiguous-accepted' : 'recipient-accepted'
  }
  const aboutUs = reasonOfRefusal(refusal)
  if (aboutUs) return aboutUs
  if (refusal === 'sender-rejected' && form.sender === 'outside') return 'vantage-blocked'
  if (outcome === 'deferred') return 'server-trouble'
  if (row.refusedLater) return 'content-refused'
  return isHealthy(row, rows) ? null : 'vantage-blocked'
}

/** Whether a refusal is what a closed server does with that form (rule 4a for the outside sender, 4b for the others). */
function isHealthy({ attempt, refusal, decisive }: Assessed, rows: readonly Assessed[]): boolean {
  if (attempt.form.kind === 'control') return false
  if (attempt.form.id !== 'outside-sender') return true
  if (refusal === 'relay-denied' || refusal === 'auth-required') return true
  const control = rows.find((row) => row.attempt.form.id === 'postmaster-control')
  const vague = refusal === 'unknown-user' || refusal === 'other'
  // A control that was cut off or deferred has a reason of its own.
  return vague && decisive?.phase === 'rcpt' && control !== undefined && control.outcome !== 'refused'
}

/** A greeting or EHLO that was refused: the text may say why. */
function reasonOfTurningAway(findings: Findings, reply: Parameters<typeof classify>[0]): Reason {
  const refusal = classify(reply, { phase: 'greeting', sender: 'outside', names: findings.names })
  return reasonOfRefusal(refusal) ?? 'greeting-refused'
}

/** What a refusal that is about us or about now says of the verdict. */
function reasonOfRefusal(refusal: Refusal | null): Reason | null {
  return (refusal && ABOUT_US_OR_NOW[refusal]) ?? null
}

/** Refusals that say nothing of what a stranger in general may do. */
const ABOUT_US_OR_NOW: Partial<Record<Refusal, Reason>> = {
  blocklisted: 'vantage-blocked',
  'vantage-identity': 'vantage-blocked',
  greylisted: 'greylisted',
  throttled: 'throttled',
  'tls-required': 'tls-required',
  'server-trouble': 'server-trouble',
}
