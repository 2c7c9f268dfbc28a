/** Says when a server read an ambiguous recipient as a local one: then accepting it is not relaying (rule 3). */
import { type Assessed, rowOf } from './assess.ts'
import { OUTSIDE, RANDOM_LOCAL } from './controls.ts'
import { causeOf } from './forms.ts'

/** Whether the server accepted a local part that nobody has. */
export const takesAnything = (rows: readonly Assessed[]): boolean => rowOf(rows, RANDOM_LOCAL)?.outcome === 'accepted'

/**
 * Whether the server accepts mail for any name at its own domain. Accepting the recipient does not show that if the
 * server accepts outside recipients too, and denies relaying later.
 */
export const hasMailboxForAll = (rows: readonly Assessed[]): boolean =>
  takesAnything(rows) &&
  !rows.some((row) => row.attempt.form.recipient.kind === 'plain' && (isRefusedLate(row) || row.refusedLater))

/** Whether the recipient is a local part at the own domain, and not a route through it. */
export const isAtOwnDomain = (row: Assessed): boolean => row.attempt.form.recipient.needs === 'domain' && !isRoute(row)

/** Whether the recipient is written as a route (RFC 5321 appendix C), and not as a local part. */
const isRoute = ({ attempt: { rcptTo } }: Assessed): boolean => rcptTo === null || rcptTo.startsWith('@')

/**
 * Whether the server read an ambiguous recipient as a local one. It accepts any local part at that domain, it accepted
 * a message of the same cause, and nothing arrived or came back from another server.
 */
export function isLocal(row: Assessed, rows: readonly Assessed[]): boolean {
  const cause = causeOf(row.attempt.form)
  const alike = rows.filter((other) => causeOf(other.attempt.form) === cause && isAtOwnDomain(other))
  if (!isAtOwnDomain(row) || !takesAnything(rows) || alike.some(triedToRelay)) return false
  return alike.some(({ evidence }) => evidence === 'message-accepted')
}

/** Whether a report shows that the server tried to pass the message on. */
export const triedToRelay = ({ attempt: { seen } }: Assessed): boolean => seen?.report === 'tried-to-relay'

/** Whether the recipient was accepted, and its message was not refused as relaying. */
export const isAcceptedSoFar = ({ outcome, refusedLater }: Assessed): boolean => outcome === 'accepted' || refusedLater

/**
 * Whether a 2xx reply to RCPT says nothing at this server, so that only a message could tell. That is so if the server
 * denies relaying only at DATA or at the final dot. It is also so if the recipient looks like a local part, and the
 * server accepts any local part, or refuses such ones later.
 */
export function saysNothing(row: Assessed, rows: readonly Assessed[]): boolean {
  if (rows.some(triedToRelay)) return false
  const late = rows.filter(isRefusedLate)
  if (late.some(({ attempt }) => attempt.form.id === OUTSIDE)) return true
  return isLikeLocal(row) && (takesAnything(rows) || late.some(isLikeLocal))
}

/** Whether an ambiguous recipient can be read as a local part. A source route cannot. */
const isLikeLocal = ({ attempt: { form } }: Assessed): boolean =>
  form.recipient.kind === 'ambiguous' && causeOf(form) !== 'source-route'

/** Whether the recipient was accepted, and refused for good at DATA or at the final dot. */
const isRefusedLate = ({ outcome, refusedLater, decisive }: Assessed): boolean =>
  outcome === 'refused' && !refusedLater && (decisive?.phase === 'data' || decisive?.phase === 'dot')
