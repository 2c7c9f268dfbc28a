import type { Evidence, Outcome, Refusal } from '../contract/words.ts'
import type { Attempt, Exchange } from './findings.ts'
import { classify, plainText } from './refusals.ts'

/** What one attempt came to. */
export interface Assessed {
  readonly attempt: Attempt
  readonly outcome: Outcome
  readonly refusal: Refusal | null
  readonly evidence: Evidence
  /** The exchange that decided it. */
  readonly decisive: Exchange | null
  /** Whether the recipient was taken before the refusal or deferral came. */
  readonly refusedLater: boolean
}

/** Whether the server went along: 2xx, and 354 to DATA. */
export function isPositive({ phase, reply }: Exchange): boolean {
  return phase === 'data' ? reply.code === 354 : reply.code >= 200 && reply.code < 300
}

/** Judges one attempt by its replies (docs/verdict.md, rules 1 and 2). `names` are what replies may echo. */
export function assess(attempt: Attempt, names: readonly string[]): Assessed {
  const { exchanges, form } = attempt
  const refused = exchanges.find((exchange) => !isPositive(exchange))
  const taken = exchanges.find((exchange) => exchange.phase === 'rcpt' && isPositive(exchange))
  const done = exchanges.find((exchange) => exchange.phase === 'dot' && isPositive(exchange))
  const row = { attempt, refusal: null, evidence: 'none', decisive: null, refusedLater: false } as const
  if (done) return { ...row, outcome: 'accepted', evidence: 'message-accepted', decisive: done }
  if (!refused) {
    if (!taken) return { ...row, outcome: 'not-run' }
    return {
      ...row,
      outcome: 'accepted',
      evidence: form.kind === 'control' ? 'none' : 'recipient-accepted',
      decisive: taken,
    }
  }
  const refusal = classify(refused.reply, { phase: refused.phase, sender: form.sender, names })
  const final = refusal === 'relay-denied' || refusal === 'auth-required'
  const refusedLater = taken !== undefined && !final
  return {
    ...row,
    outcome: final || refused.reply.code >= 500 ? 'refused' : 'deferred',
    refusal,
    evidence: refusedLater ? 'recipient-accepted' : 'none',
    decisive: refused,
    refusedLater,
  }
}

/**
 * Whether the outside-sender form was refused in words that may mean "no such user here" or anything else, so that only
 * the postmaster control tells a closed server from one that refuses whatever we ask (docs/verdict.md, rule 4a).
 */
export function wantsPostmasterControl(rows: readonly Assessed[]): boolean {
  const outside = rows.find((row) => row.attempt.form.id === 'outside-sender')
  return (
    outside?.outcome === 'refused' &&
    outside.decisive?.phase === 'rcpt' &&
    (outside.refusal === 'unknown-user' || outside.refusal === 'other')
  )
}

/**
 * Whether the own-domain sender was refused because there is no such user, and not in the words that refuse the outside
 * sender as well: then an existing one, postmaster, may still be trusted (docs/verdict.md, rule 4b).
 */
export function wantsExistingSender(rows: readonly Assessed[], names: readonly string[]): boolean {
  const own = rows.find((row) => row.attempt.form.id === 'own-domain-sender')
  const outside = rows.find((row) => row.attempt.form.id === 'outside-sender')
  if (own?.refusal !== 'unknown-user' || !own.decisive) return false
  const words = (row: Assessed | undefined) => (row?.decisive ? plainText(row.decisive.reply, names) : null)
  return words(own) !== words(outside)
}
