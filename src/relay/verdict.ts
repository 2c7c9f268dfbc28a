/** Judges a whole test: open, closed, or inconclusive for one reason (docs/verdict.md, rules 1 to 5). */
import type { Cause, Evidence, Reason, Why } from '../contract/words.ts'
import { EVIDENCES, REASONS } from '../contract/words.ts'
import { reasonAboutUs } from './about-us.ts'
import { type Assessed, deniesRelaying, isCutOff, rowOf, sameRefusal } from './assess.ts'
import { caveatsOf } from './caveats.ts'
import {
  AT_END,
  contrastOf,
  endOf,
  isChanged,
  isForgeryCheck,
  isForVerdict,
  isMailboxRefusedAlike,
  isNeeded,
  isOfStandard,
  isTakenLocal,
  KNOWN_MAILBOX,
  needsContrast,
  needsRepeat,
  OUTSIDE,
  POSTMASTER,
  REPEAT,
  vouches,
} from './controls.ts'
import { causeOf } from './forms.ts'
import { checkVerdict } from './invariants.ts'
import type { Judgement } from './judgement.ts'
import { isAcceptedSoFar, isLocal, saysNothing, triedToRelay } from './local.ts'
import type { Observations } from './observations.ts'
import { REASON_ROWS } from './reasons.ts'
import { classify } from './refusals.ts'
import { isSourceLost } from './seen-as.ts'

/**
 * Judges the observations of a test. A pure function. Comments cite the rules of docs/verdict.md by number. Throws if
 * the verdict contradicts the observations, which is a mistake in these rules (invariants.ts).
 */
export function judge(observations: Observations): Judgement {
  const { rows } = observations
  const judgement = { ...judged({ ...observations, rows: rows.filter(isForVerdict) }), rows }
  checkVerdict(judgement.verdict, [rows])
  return judgement
}

function judged(observations: Observations): Judgement {
  const { rows } = observations
  const evidence = rows.map((row) => row.evidence).reduce(stronger, 'none')
  const relayed = rows.find((row) => row.evidence === 'delivered') ?? rows.find(isRelayed)
  if (relayed) {
    const decisive = relayed.attempt.exchanges.filter(({ stage }) => stage !== 'mail').flatMap(({ at }) => at)
    const cause = causeFrom(relayed, observations)
    const caveats = caveatsOf(observations, [])
    return { verdict: 'open', evidence, cause, reason: null, retryAfter: null, caveats, rows, decisive }
  }
  const unanswered = unansweredIn(observations)
  const caveats = caveatsOf(observations, unanswered)
  const signs = signsOf(
    observations,
    rows.filter((row) => !unanswered.includes(row)),
  )
  const reason = REASONS.find((candidate) => signs.has(candidate))
  if (reason) {
    const { retryAfter } = REASON_ROWS[reason]
    const decisive = signs.get(reason) ?? []
    return { verdict: 'inconclusive', evidence, cause: null, reason, retryAfter, caveats, rows, decisive }
  }
  // The lines of a local recipient count as proof only if the verdict needs the contrast.
  const decisive = rows.filter((row) => isNeeded(row, rows)).flatMap((row) => row.decisive?.at ?? [])
  // An accepted local recipient is no evidence of relaying.
  return { verdict: 'closed', evidence: 'none', cause: null, reason: null, retryAfter: null, caveats, rows, decisive }
}

/** Returns the forms of the full part that have no answer that counts. */
export function unansweredIn(observations: Observations): readonly Assessed[] {
  const { rows, known } = observations
  return rows.filter(
    (row) => !isOfStandard(row, rows, known) && isUnanswered(row, observations) && !isPutOff(row, rows),
  )
}

/**
 * Whether a plain form was greylisted at RCPT, although the server denied relaying to the outside sender, and denied it
 * once more later on the same connection. Most servers check relaying before they greylist, so a later visit may find
 * this form open.
 */
function isPutOff({ attempt: { form, connection }, refusal, decisive }: Assessed, rows: readonly Assessed[]): boolean {
  if (form.recipient.kind !== 'plain' || refusal !== 'greylisted' || decisive?.stage !== 'rcpt') return false
  const outside = rowOf(rows, OUTSIDE)
  if (!deniesRelaying(outside?.refusal ?? null) || outside?.decisive?.stage !== 'rcpt') return false
  const end = Math.max(...decisive.at)
  return rows.some((row) => row.attempt.connection === connection && deniesRelaying(row.refusal) && endOf(row) > end)
}

/**
 * Whether a form of the full part has no answer that counts. The standard part has its verdict already: such a form
 * does not change it (rule 10). A recipient that was accepted is an answer, unless the server accepts it in any case.
 */
function isUnanswered(row: Assessed, observations: Observations): boolean {
  const isAnswer = isAcceptedSoFar(row) && (row.outcome === 'refused' || !saysNothing(row, observations.rows))
  return !isAnswer && reasonOf(row, observations) !== null
}

const stronger = (a: Evidence, b: Evidence): Evidence => (EVIDENCES.indexOf(b) > EVIDENCES.indexOf(a) ? b : a)

/**
 * Returns what an open server trusts; null if the outside sender was not clearly refused, because then we cannot know.
 * A refusal in other words is clear too if it is not about us: the relayed message shows that we are not banned.
 */
function causeFrom(relayed: Assessed, observations: Observations): Cause | null {
  const cause = causeOf(relayed.attempt.form)
  const outside = rowOf(observations.rows, OUTSIDE)
  const refusesStrangers =
    outside?.outcome === 'refused' && (needsContrast(outside) || reasonOf(outside, observations) === null)
  if (cause !== 'everyone' && refusesStrangers) return cause
  // A server that does not see who connects may trust the address that it sees instead of ours (rule 8).
  if (isSourceLost(observations)) return 'source-address-lost'
  return cause === 'everyone' ? cause : null
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
    const reason = reasonOf(row, observations)
    if (reason) add(isBan(row, observations) ? 'vantage-banned' : reason, row.decisive?.at ?? [])
  }
  // Only the outside sender can show that a server is closed.
  if (!rows.some((row) => row.attempt.form.id === OUTSIDE)) add('deadline', [])
  if (observations.domainSource !== 'request' && observations.domainSource !== 'customer') add('domain-unknown', [])
  return signs
}

/**
 * Whether a server that refused us in this test or shortly before is silent now, or ends connections without a word.
 * Usually that is a ban.
 */
function isBan({ attempt }: Assessed, { rows, refusedBefore }: Observations): boolean {
  if (isCutOff(attempt)) return rows.some(({ outcome, refusal }) => outcome === 'refused' && !reasonAboutUs(refusal))
  return attempt.why === 'connect-timeout' && (refusedBefore || rows.some(({ outcome }) => outcome === 'refused'))
}

/** Returns why the server cannot be called closed because of this attempt, or null. */
function reasonOf(row: Assessed, observations: Observations): Reason | null {
  const { attempt, outcome, refusal } = row
  const { form } = attempt
  const { rows } = observations
  if (form.recipient.kind === 'local') return reasonOfLocal(row, observations)
  if (attempt.why === 'interrupted' || attempt.why === 'tls-failed') return attempt.why
  if (outcome === 'not-run') return REASON_OF_WHY[attempt.why ?? 'dropped']
  if (outcome === 'accepted') return reasonOfAcceptance(row, observations)
  const aboutUs = reasonAboutUs(refusal)
  if (aboutUs && !(isForgeryCheck(row, rows) && isHealthy(row, observations))) return aboutUs
  // A refusal of our own sender is about us; a refusal of any other sender is about that sender.
  if (refusal === 'sender-rejected' && form.sender.as === 'outside') return 'vantage-blocked'
  if (outcome === 'deferred') return 'server-trouble'
  if (row.refusedLater) return 'content-refused'
  if (form.id === OUTSIDE) return reasonOfOutside(row, observations)
  if (isOutOfPlace(row, rows)) return 'protocol-error'
  return isHealthy(row, observations) ? null : 'vantage-blocked'
}

/** Returns the reason that an accepted recipient gives, or null. */
function reasonOfAcceptance(row: Assessed, { rows, mailboxTroubled }: Observations): Reason | null {
  const { form } = row.attempt
  // The server wants the message of a plain form later: its answer then says what an accepted recipient means.
  const deferred = rows.find(isMessageDeferred)
  if (deferred && row.evidence === 'recipient-accepted') return reasonAboutUs(deferred.refusal) ?? 'server-trouble'
  if (form.recipient.kind === 'plain') {
    // One bounced message explains the other accepted recipients too.
    const bounced = rows.some((other) => other.attempt.seen?.kind === 'bounce')
    return bounced ? 'accepted-then-bounced' : 'recipient-accepted'
  }
  if (rows.some((other) => triedToRelay(other) && other.attempt.seen?.kind === 'bounce')) return 'accepted-then-bounced'
  if (!isLocal(row, rows)) return 'ambiguous-accepted'
  return mailboxTroubled ? 'vantage-failed' : null
}

/** Whether a plain recipient was accepted, and its message was refused for now. */
const isMessageDeferred = ({ attempt, outcome, refusedLater }: Assessed): boolean =>
  attempt.form.recipient.kind === 'plain' && outcome === 'deferred' && refusedLater

/** A local recipient only helps to read other answers. If it has no answer and is needed, it gives the reason. */
function reasonOfLocal(row: Assessed, { rows }: Observations): Reason | null {
  const { attempt, outcome, refusal } = row
  // A random local part is in the table of places: it only tells what an accepted recipient means.
  if (attempt.form.recipient.place !== undefined || !needsContrast(rowOf(rows, OUTSIDE))) return null
  if (outcome === 'not-run') return REASON_OF_WHY[attempt.why ?? 'dropped']
  return outcome === 'deferred' && !isTakenLocal(row) ? (reasonAboutUs(refusal) ?? 'server-trouble') : null
}

/** Returns why the refusal of the outside sender does not count as one of relaying, or null (rule 4a). */
function reasonOfOutside(row: Assessed, observations: Observations): Reason | null {
  const { rows, known, domainSource, metElsewhere = false } = observations
  if (isMailboxRefusedAlike(rows, domainSource)) return 'vantage-blocked'
  if (deniesRelaying(row.refusal)) return null
  if (!needsContrast(row)) return 'vantage-blocked'
  if (isOutOfPlace(row, rows)) return 'protocol-error'
  switch (contrastOf(rows, known)) {
    case 'shown':
      return null
    case 'words-needed':
      return metElsewhere ? null : 'words-unknown'
    case 'missing': {
      const locals = [KNOWN_MAILBOX, POSTMASTER].flatMap((id) => rowOf(rows, id) ?? [])
      // A local recipient that was deferred or not asked gives its own reason.
      if (locals.some(({ outcome }) => outcome === 'deferred' || outcome === 'not-run')) return null
      const isRefusedToo = locals.some((local) => sameRefusal(local, row)) || row.refusal === 'unknown-user'
      return isRefusedToo ? 'vantage-blocked' : 'words-unknown'
    }
  }
}

/** "Bad sequence of commands" (RFC 5321 section 4.2.3). Some servers use it to refuse. */
const NOT_NOW = 503

/**
 * Whether a 503 may answer another command: its words give no other reason, and no local recipient was accepted in the
 * same place of that connection.
 */
function isOutOfPlace({ attempt: { connection }, decisive, refusal }: Assessed, rows: readonly Assessed[]): boolean {
  if (decisive?.reply.code !== NOT_NOW || deniesRelaying(refusal)) return false
  const locals = rows.filter(({ attempt }) => attempt.form.recipient.kind === 'local')
  return !locals.some(({ attempt, outcome }) => outcome === 'accepted' && attempt.connection === connection)
}

/**
 * Whether a plain form's message was accepted and did not come back. If a report shows that the server tried to pass it
 * on, and the next server refused it, the server still relays.
 */
const isRelayed = (row: Assessed): boolean =>
  row.evidence === 'message-accepted' &&
  row.attempt.form.recipient.kind === 'plain' &&
  (row.attempt.seen === null || triedToRelay(row))

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

/** Whether a closed server refuses that form in this way (rule 4b). */
function isHealthy(row: Assessed, { rows, known }: Observations): boolean {
  const { form } = row.attempt
  const repeatId = form.part === 'standard' ? REPEAT : AT_END
  const repeat = rowOf(rows, repeatId)
  const isRepeatChanged = isChanged(repeat, rowOf(rows, OUTSIDE))
  if (form.id === repeatId) return !isRepeatChanged
  // In the full part, a ban may have begun on another connection before this row. Such forms are listed (rule 10).
  if (form.part === 'full' && isRepeatChanged && sameRefusal(row, repeat)) return false
  if (!needsRepeat(row, rows)) return true
  if (form.part === 'standard' && vouches(rows, known) && !isForgeryCheck(row, rows)) return true
  // A refusal at MAIL shows nothing about a ban at RCPT.
  if (rowOf(rows, OUTSIDE)?.decisive?.stage === 'mail' && row.decisive?.stage === 'rcpt') return false
  // A repeat that was refused in another way gives its own reason. An accepted one shows nothing about a ban.
  if (repeat === undefined || repeat.outcome === 'accepted') return false
  if (form.part === 'full' && isRepeatChanged) return false
  // A ban can begin after the repeat.
  return repeat.outcome !== 'refused' || endOf(repeat) > endOf(row)
}

/** Returns why the greeting or EHLO was refused, from its text. */
function reasonOfTurningAway(observations: Observations, reply: Parameters<typeof classify>[0]): Reason {
  const { refusal } = classify(reply, { stage: 'greeting', sender: 'outside', names: observations.names })
  const reason = reasonAboutUs(refusal)
  // A permanent "no SMTP service here" is not a temporary problem.
  return reason === null || (reason === 'server-trouble' && reply.code >= 500) ? 'greeting-refused' : reason
}
