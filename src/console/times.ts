/** Writes times and durations as people say them: in the time zone of the reader. */

/** Returns a duration as text, for example `5 min`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

/** Returns the time until a moment as a countdown, for example `9:05` or `2:00:00`. Empty once it has come. */
export function countdown(until: number, now: number): string {
  const left = Math.ceil((until - now) / 1000)
  if (left <= 0) return ''
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60]
  const two = (count: number) => String(count).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const LONG_DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' })
const LONG_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' })

const isSameYear = (at: Date, other: Date): boolean => at.getFullYear() === other.getFullYear()

/** Returns a time in the reader's zone: `14:32` today, `yesterday 14:32`, `28 Nov 14:32`, or `28 Nov 2025 14:32`. */
export function localTime(iso: string, now: number): string {
  const at = new Date(iso)
  const midnight = new Date(now).setHours(0, 0, 0, 0)
  const days = Math.round((midnight - new Date(iso).setHours(0, 0, 0, 0)) / 86_400_000)
  const clock = CLOCK.format(at)
  if (days === 0) return clock
  if (days === 1) return `yesterday ${clock}`
  if (days === -1) return `tomorrow ${clock}`
  return `${(isSameYear(at, new Date(now)) ? DAY : YEAR).format(at)} ${clock}`
}

/** Returns the time of an earlier event as part of a sentence: `of 22 November`, or `at 14:32` on the same day. */
export function dayInWords(iso: string, later: string): string {
  const [at, other] = [new Date(iso), new Date(later)]
  if (at.toDateString() === other.toDateString()) return `at ${CLOCK.format(at)}`
  return `of ${(isSameYear(at, other) ? LONG_DAY : LONG_YEAR).format(at)}`
}

/** Returns a time in UTC, to the second. */
export const utcTime = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`
