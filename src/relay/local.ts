/** Says when a server read an ambiguous recipient as a local one: then accepting it is not relaying (rule 3). */
import { type Assessed, rowOf } from './assess.ts'
import { OUTSIDE, RANDOM_LOCAL } from './controls.ts'
import type { Place } from './forms.ts'

/** The random local part of each place. */
export const RANDOM_AT: Readonly<Record<Place, string>> = {
  domain: RANDOM_LOCAL,
  host: 'random-local-at-host',
  address: 'random-local-at-address',
  'no domain': 'random-local-alone',
}

/** Returns the place of an ambiguous recipient's local part; undefined if it is no local part. */
export const placeOf = ({ attempt: { form } }: Assessed): Place | undefined => form.recipient.place

/** Whether the server accepted a local part that nobody has, at its domain or at another place. */
export const takesAnything = (rows: readonly Assessed[], place: Place = 'domain'): boolean =>
  rowOf(rows, RANDOM_AT[place])?.outcome === 'accepted'

/**
 * Whether the server accepts mail for any name at its own domain. Accepting the recipient does not show that if the
 * server accepts outside recipients too, and denies relaying later.
 */
export const hasMailboxForAll = (rows: readonly Assessed[]): boolean =>
  takesAnything(rows) &&
  !rows.some((row) => row.attempt.form.recipient.kind === 'plain' && (isRefusedLate(row) || row.refusedLater))

/** Whether the recipient is a local part at a place where the server accepts any local part. */
export function isAtCatchAll(row: Assessed, rows: readonly Assessed[]): boolean {
  const place = placeOf(row)
  return place !== undefined && takesAnything(rows, place)
}

/**
 * Whether the server read an ambiguous recipient as a local one. It accepts any local part at that place, it accepted
 * the message of this form, and nothing arrived or came back from another server. A server that accepts every recipient
 * and denies relaying later accepts a random local part too, so that this shows nothing.
 */
export const isLocal = (row: Assessed, rows: readonly Assessed[]): boolean =>
  isAtCatchAll(row, rows) && row.evidence === 'message-accepted' && !triedToRelay(row) && !deniesLate(rows)

/** Whether a report shows that the server tried to pass the message on. */
export const triedToRelay = ({ attempt: { seen } }: Assessed): boolean => seen?.report === 'tried-to-relay'

/** Whether the recipient was accepted, and its message was not refused as relaying. */
export const isAcceptedSoFar = ({ outcome, refusedLater }: Assessed): boolean => outcome === 'accepted' || refusedLater

/**
 * Whether a 2xx reply to RCPT says nothing at this server, so that only a message could tell: the server denies
 * relaying only at DATA or at the final dot; or the recipient looks like a local part, and the server, at that place,
 * accepts any local part, refuses such ones later, or did not answer that question. False if the server accepted the
 * message, or if a report shows an attempt to relay.
 */
export function saysNothing(row: Assessed, rows: readonly Assessed[]): boolean {
  if (rows.some(triedToRelay) || row.evidence === 'message-accepted') return false
  if (deniesLate(rows) || isAtCatchAll(row, rows) || isPlaceUnasked(row, rows)) return true
  return rows.some((other) => isRefusedLate(other) && isAtSamePlace(row, other))
}

/** Whether the random local part of that place got no answer, so that nobody knows what acceptance means there. */
function isPlaceUnasked(row: Assessed, rows: readonly Assessed[]): boolean {
  const place = placeOf(row)
  return place !== undefined && rowOf(rows, RANDOM_AT[place])?.outcome === 'not-run'
}

/** Whether the server accepted the first question's recipient, and denied relaying at DATA or at the final dot. */
function deniesLate(rows: readonly Assessed[]): boolean {
  const outside = rowOf(rows, OUTSIDE)
  return outside !== undefined && isRefusedLate(outside)
}

const isAtSamePlace = (row: Assessed, other: Assessed): boolean =>
  placeOf(row) !== undefined && placeOf(row) === placeOf(other)

/** Whether the recipient was accepted, and refused for good at DATA or at the final dot. */
const isRefusedLate = ({ outcome, refusedLater, decisive }: Assessed): boolean =>
  outcome === 'refused' && !refusedLater && (decisive?.stage === 'data' || decisive?.stage === 'dot')
