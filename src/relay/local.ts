/** Says when accepting a recipient is no relaying: it was read as a local one, or its message was refused (rule 3). */
import { type Assessed, isTaken, rowOf } from './assess.ts'
import { OUTSIDE, RANDOM_LOCAL } from './controls.ts'
import { causeOf, type Form } from './forms.ts'

/** Whether the server accepted a local part that nobody has. */
export const takesAnything = (rows: readonly Assessed[]): boolean => rowOf(rows, RANDOM_LOCAL)?.outcome === 'accepted'

/** Whether the recipient is a local part at the own domain, and not a route through it. */
export const isAtOwnDomain = (row: Assessed): boolean => row.attempt.form.recipient.needs === 'domain' && !isRoute(row)

/** Whether the recipient is written as a route (RFC 5321 appendix C), and not as a local part. */
const isRoute = ({ attempt: { rcptTo } }: Assessed): boolean => rcptTo === null || rcptTo.startsWith('@')

/**
 * Whether the server read an ambiguous recipient as a local one. It accepts any local part at that domain, it accepted a
 * message of the same cause, and nothing arrived or came back from another server.
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
 * Whether the standard part has shown that the server accepts such recipients and does not relay to them: plain ones, or
 * ambiguous ones of that cause or at the own domain.
 */
export function isAcceptedLikeOthers(row: Assessed, rows: readonly Assessed[]): boolean {
  const { form } = row.attempt
  if (rows.some(triedToRelay)) return false
  if (form.recipient.kind === 'ambiguous' && takesAnything(rows) && !isRoute(row)) return true
  const alike = rows.filter(({ attempt }) => isAlike(attempt.form, form))
  return alike.some((other) => isRefusedAtMessage(other) || (isAcceptedSoFar(other) && isLocal(other, rows)))
}

/** Whether a form of the standard part says something about another form. */
function isAlike(standard: Form, form: Form): boolean {
  const { recipient } = form
  // A server that accepts a stranger's plain recipient accepts all others as well, and decides later.
  if (standard.id === OUTSIDE) return true
  if (standard.part !== 'standard' || standard.recipient.kind !== recipient.kind) return false
  return recipient.kind === 'plain' || causeOf(standard) === causeOf(form) || recipient.needs === 'domain'
}

/** Whether the server accepted a recipient, and refused its message. */
const isRefusedAtMessage = ({ outcome, attempt: { exchanges } }: Assessed): boolean =>
  outcome === 'refused' && exchanges.some(isTaken)
