/** Says when a server read an ambiguous recipient as a local one, so that accepting it is no relaying (rule 3). */
import { type Assessed, rowOf } from './assess.ts'
import { RANDOM_LOCAL } from './controls.ts'
import { causeOf } from './forms.ts'

/** Whether the server accepted a local part that nobody has. */
export const takesAnything = (rows: readonly Assessed[]): boolean => rowOf(rows, RANDOM_LOCAL)?.outcome === 'accepted'

/** Whether the recipient is a local part at the own domain, and not a route through it. */
export const isAtOwnDomain = ({ attempt: { form, rcptTo } }: Assessed): boolean =>
  form.recipient.needs === 'domain' && rcptTo !== null && !rcptTo.startsWith('@')

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
