/** Judges a whole test: open, closed, or inconclusive for one reason (docs/verdict.md, rules 1 to 5). */
import type { Cause, Caveat, Evidence, Reason, Refusal, Why } from '../contract/words.ts'
import { EVIDENCES, REASONS } from '../contract/words.ts'
import { type Assessed, rowOf, sameRefusal } from './assess.ts'
import {
  isAsBefore,
  needsPostmaster,
  needsRandomLocal,
  needsRepeat,
  POSTMASTER,
  RANDOM_LOCAL,
  REPEAT,
} from './controls.ts'
import { causeOf } from './forms.ts'
import type { Observations } from './observations.ts'
import { REASON_ROWS } from './reasons.ts'
import { classify } from './refusals.ts'

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

/** Judges the observations of a test. A pure function. Comments cite the rules of docs/verdict.md by number. */
export function judge(observations: Observations): Judgement {
  const { rows } = observations
  const caveats: Caveat[] = []
  if (takesAnything(rows)) caveats.push('any-local-part-taken')
  if (rows.some(({ attempt }) => attempt.why === 'spared')) caveats.push('forms-spared')
  const evidence = rows.map((row) => row.evidence).reduce(stronger, 'none')
  const relayed = rows.find((row) => row.evidence === 'delivered') ?? rows.find(isRelayed)
  if (relayed) {
    const decisive = relayed.attempt.exchanges.filter(({ phase }) => phase !== 'mail').flatMap(({ at }) => at)
    const cause = causeFrom(relayed, rows, observations)
    return { verdict: 'open', evidence, cause, reason: null, retryAfter: null, caveats, rows, decisive }
  }
  const signs = signsOf(observations, rows)
  const reason = REASONS.find((candidate) => signs.has(candidate))
  if (reason) {
    const { retryAfter } = REASON_ROWS[reason]
    const decisive = signs.get(reason) ?? []
    return { verdict: 'inconclusive', evidence, cause: null, reason, retryAfter, caveats, rows, decisive }
  }
  const decisive = rows.flatMap((row) => row.decisive?.at ?? [])
  // A local mailbox that accepted a recipient is no evidence of relaying.
  return { verdict: 'closed', evidence: 'none', cause: null, reason: null, retryAfter: null, caveats, rows, decisive }
}

const stronger = (a: Evidence, b: Evidence): Evidence => (EVIDENCES.indexOf(b) > EVIDENCES.indexOf(a) ? b : a)

/** Returns what an open server trusts; null if the outside sender was not clearly refused: then it may be anything. */
function causeFrom(relayed: Assessed, rows: readonly Assessed[], { vantage }: Observations): Cause | null {
  const { received = null } = relayed.attempt.seen ?? {}
  // If the Received field names another client than us, the server does not see who connects (rule 8).
  if (received !== null && !vantage.some((name) => received.includes(name))) return 'source-address-lost'
  if (relayed.attempt.form.id === 'outside-sender') return 'everyone'
  const outside = rows.find((row) => row.attempt.form.id === 'outside-sender')
  if (outside?.outcome !== 'refused' || reasonOf(outside, rows) !== null) return null
  return causeOf(relayed.attempt.form)
}

/**
 * Collects every reason why a server cannot be called closed, with the transcript lines that show it. An empty map
 * means closed: every form was answered, none was relayed, and the outside sender was refused for relaying (rule 4).
 */
function signsOf(observations: Observations, rows: readonly Assessed[]): Map<Reason, number[]> {
  const signs = new Map<Reason, number[]>()
  const add = (reason: Reason, at: readonly number[]) => signs.set(reason, [...(signs.get(reason) ?? []), ...at])
  const { turnedAway } = observations
  if (turnedAway) add(reasonOfTurningAway(observations, turnedAway.reply), turnedAway.at)
  for (const row of rows) {
    const reason = isBan(row, rows, observations) ? 'vantage-banned' : reasonOf(row, rows)
    if (reason) add(reason, row.decisive?.at ?? [])
  }
  // Only the outside sender can show that a server is closed.
  if (!rows.some((row) => row.attempt.form.id === 'outside-sender')) add('deadline', [])
  if (observations.domainSource !== 'request' && observations.domainSource !== 'customer') add('domain-unknown', [])
  return signs
}

/** Whether a server that refused us, in this test or shortly before, is silent now. Usually that is a ban. */
function isBan({ attempt }: Assessed, rows: readonly Assessed[], { refusedBefore }: Observations): boolean {
  return attempt.why === 'connect-timeout' && (refusedBefore || rows.some(({ outcome }) => outcome === 'refused'))
}

/** Returns why the server cannot be called closed because of this attempt, or null. */
function reasonOf(row: Assessed, rows: readonly Assessed[]): Reason | null {
  const { attempt, outcome, refusal } = row
  const { form } = attempt
  if (attempt.why === 'interrupted' || attempt.why === 'tls-failed') return attempt.why
  if (outcome === 'not-run') return REASON_OF_WHY[attempt.why ?? 'dropped']
  if (outcome === 'accepted') {
    if (form.id === REPEAT) return 'recipient-accepted'
    if (form.control) return null
    if (form.recipient.kind === 'ambiguous') return isLocal(row, rows) ? null : 'ambiguous-accepted'
    // One bounced message explains the other accepted recipients too.
    const bounced = rows.some((other) => other.attempt.seen?.kind === 'bounce')
    return bounced ? 'accepted-then-bounced' : 'recipient-accepted'
  }
  const aboutUs = reasonOfRefusal(refusal)
  if (aboutUs) return aboutUs
  // A refusal of our own sender is about us; a refusal of any other sender is about that sender.
  if (refusal === 'sender-rejected' && form.sender.as === 'outside') return 'vantage-blocked'
  if (refusal === 'sender-rejected' && outcome === 'deferred') return null
  if (outcome === 'deferred') return 'server-trouble'
  if (row.refusedLater) return 'content-refused'
  return isHealthy(row, rows) ? null : 'vantage-blocked'
}

/** Whether a plain form's message was accepted and did not come back. */
const isRelayed = ({ attempt, evidence }: Assessed): boolean =>
  evidence === 'message-accepted' && attempt.form.recipient.kind === 'plain' && attempt.seen === null

/**
 * Whether the server read an ambiguous recipient as a local one (rule 3). Either its message bounced; or the server
 * accepts any local part at that domain, and accepted a message of the same cause, which did not arrive.
 */
function isLocal(row: Assessed, rows: readonly Assessed[]): boolean {
  if (row.attempt.seen?.kind === 'bounce') return true
  const cause = causeOf(row.attempt.form)
  const alike = rows.filter((other) => causeOf(other.attempt.form) === cause && isAtOwnDomain(other))
  return isAtOwnDomain(row) && takesAnything(rows) && alike.some(({ evidence }) => evidence === 'message-accepted')
}

/** Whether the recipient is a local part at the own domain, and not a route through it. */
const isAtOwnDomain = ({ attempt: { form, rcptTo } }: Assessed): boolean =>
  form.recipient.needs === 'domain' && rcptTo !== null && !rcptTo.startsWith('@')

/** Whether the server accepted a local part that nobody has. */
const takesAnything = (rows: readonly Assessed[]): boolean => rowOf(rows, RANDOM_LOCAL)?.outcome === 'accepted'

/** The reason that a missing answer gives; null if the verdict does not need the answer. */
const REASON_OF_WHY: Record<Why, Reason | null> = {
  interrupted: 'interrupted',
  'vantage-failed': 'vantage-failed',
  'domain-unknown': 'domain-unknown',
  'host-unknown': null,
  'local-part-too-long': null,
  spared: null,
  'transaction-ended': 'protocol-error',
  'no-reset': 'protocol-error',
  'connection-limit': 'connection-limit',
  'turned-away': 'throttled',
  slowing: 'tarpitted',
  'tls-failed': 'tls-failed',
  'greeting-refused': 'greeting-refused',
  'connect-timeout': 'connect-timeout',
  'connection-refused': 'connection-refused',
  unreachable: 'unreachable',
  'protocol-error': 'protocol-error',
  dropped: 'dropped',
  deadline: 'deadline',
}

/** Whether a closed server refuses that form in this way (rule 4a for the outside sender, 4b for the others). */
function isHealthy(row: Assessed, rows: readonly Assessed[]): boolean {
  const { form } = row.attempt
  if (form.id === REPEAT) return isAsBefore(row, rowOf(rows, 'outside-sender'))
  if (form.control) return form.id === RANDOM_LOCAL
  if (needsRepeat(row, rows)) return rowOf(rows, REPEAT) !== undefined
  if (needsPostmaster(row)) {
    const control = rowOf(rows, POSTMASTER)
    // A control that was deferred or not run gives its own reason in `reasonOf`.
    if (control === undefined || control.outcome === 'refused') return false
    if (control.outcome !== 'accepted') return true
    if (!needsRandomLocal(row)) return true
    const random = rowOf(rows, RANDOM_LOCAL)
    return random?.decisive?.phase === 'rcpt' && !sameRefusal(row, random)
  }
  if (form.id !== 'outside-sender') return true
  return row.refusal === 'relay-denied' || row.refusal === 'auth-required'
}

/** Returns why the greeting or EHLO was refused, from its text. */
function reasonOfTurningAway(observations: Observations, reply: Parameters<typeof classify>[0]): Reason {
  const { refusal } = classify(reply, { phase: 'greeting', sender: 'outside', names: observations.names })
  const reason = reasonOfRefusal(refusal)
  // A permanent "no SMTP service here" is not a temporary problem.
  return reason === null || (reason === 'server-trouble' && reply.code >= 500) ? 'greeting-refused' : reason
}

/** Returns the reason if a refusal is about us or temporary, or null. */
function reasonOfRefusal(refusal: Refusal | null): Reason | null {
  return (refusal && ABOUT_US_OR_NOW[refusal]) ?? null
}

/** Refusals that say nothing about what other strangers may do. */
const ABOUT_US_OR_NOW: Partial<Record<Refusal, Reason>> = {
  blocklisted: 'vantage-blocked',
  'vantage-identity': 'vantage-blocked',
  greylisted: 'greylisted',
  throttled: 'throttled',
  'tls-required': 'tls-required',
  'server-trouble': 'server-trouble',
}
