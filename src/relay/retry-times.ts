/** Reads how long a server asks us to wait, in all dialects, so that we come back in time and not too early. */
import type { Reply } from './attempt.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** The units of time, by how they begin, in the languages of mail servers. Longer beginnings come first. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:m$|mn$|mins?$|minut|mnt$|мин|分)/, MINUTE],
  [/^(?:s$|secs?$|second|sekund|segund|сек|秒)/, SECOND],
  [/^(?:h$|hrs?$|hour|stunde|std$|heure|or[ae]$|horas?$|uur$|uren$|godzin|час|小时|小時|時間)/, HOUR],
  [/^(?:d$|days?$|tage?n?$|jours?$|giorn|dias?$|дн|день|天|日)/, 24 * HOUR],
]

/** Numbers that are written as words. */
const NUMBERS: Readonly<Record<string, number>> = {
  half: 0.5,
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  eight: 8,
  ten: 10,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  sixty: 60,
}

/** One number and its unit: `300 seconds`, `4m`, `five minutes`, `half an hour`, `5 more minutes`, `10-minute`. */
const QUANTITY =
  /(?<![\d.:/a-z])(?:(\d{1,6})|(half|an?|one|two|three|four|five|six|eight|ten|fifteen|twenty|thirty|sixty)\b)(?: more\b| an?\b(?= ))?[ -]?(\p{L}{1,12})/gu

/** A quantity that goes on without a space: the `32s` of `4m32s`. */
const JOINED = /^(\d{1,6}) ?(\p{L}{1,12})/u

/** `HH:MM:SS`, or `MM:SS`. */
const CLOCK = /(?<![\d.:/-])(?:(\d{1,3}):)?(\d{1,2}):(\d{2})(?![\d:])/g

/** The words before a time to wait, the clearest first. */
const ASKS = [
  /\b(?:again|retry|retrying|back|wait|later|resend|reconnect|repeat|delay|delayed|deferred)\b[^.\d]{0,24}$/,
  /\b(?:in|for|after|another|within|next|least|um|fur|nach|dans|pendant|in circa|через|en|tra|za)\b[^.\d]{0,12}$/,
]

/** The words after a time to wait: `5 minutes left`. */
const LEFT = /^[^.\d]{0,4}\b(?:left|remaining|to go|more)\b/

/** The words beside a number that is no time to wait: how long ago, how often, how many per minute, a port. */
const NOT_BEFORE = /\b(?:per|every|each|last|past|previous|port|ports|at|since|than)\b[ :]{0,2}$|\/ ?$/
const NOT_AFTER = /^[^.\d]{0,4}\b(?:ago|old|utc|gmt|am|pm|cet|est|pst)\b|^ ?[+-]\d{4}/

/** A time in a text: where it begins and ends, and how long it is in milliseconds. */
interface Time {
  readonly from: number
  readonly to: number
  readonly ms: number
}

/**
 * Returns how many milliseconds the server asks us to wait, or null if it names no time. Of several times, the one
 * beside the clearest request to come back counts, otherwise the first. Dates, times of day and ports do not count.
 */
export function waitIn({ words }: Pick<Reply, 'words'>): number | null {
  const text = words
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
  const times = [...quantitiesIn(text), ...clocksIn(text)].sort((a, b) => a.from - b.from)
  const ranked = times.flatMap((time) => {
    const rank = rankOf(text, time.from, time.to)
    return rank === null ? [] : [{ ...time, rank }]
  })
  return (
    ranked.reduce<(typeof ranked)[number] | null>((best, time) => (best && best.rank <= time.rank ? best : time), null)
      ?.ms ?? secondsIn(text)
  )
}

/** Ranks a time by the words beside it: 0 is the clearest request to wait. Null if it is no time to wait. */
function rankOf(text: string, from: number, to: number): number | null {
  const before = text.slice(Math.max(0, from - 48), from)
  const after = text.slice(to, to + 24)
  if (NOT_BEFORE.test(before) || NOT_AFTER.test(after)) return null
  const rank = ASKS.findIndex((words) => words.test(before))
  return rank === -1 ? (LEFT.test(after) ? 0 : ASKS.length) : rank
}

/** Returns the times that are written as numbers with units. Numbers that belong together are added up. */
function quantitiesIn(text: string): Time[] {
  const found: Time[] = []
  for (const match of text.matchAll(QUANTITY)) {
    const [whole, digits, word = '', unit = ''] = match
    let ms = inMs(digits === undefined ? (NUMBERS[word] ?? 0) : Number(digits), unit)
    const from = match.index
    let to = from + whole.length
    for (let rest = JOINED.exec(text.slice(to, to + 24)); rest; rest = JOINED.exec(text.slice(to, to + 24))) {
      const more = inMs(Number(rest[1]), rest[2] ?? '')
      ms = ms === null || more === null ? null : ms + more
      to += rest[0].length
    }
    if (ms === null) continue
    const last = found.at(-1)
    const isMore = last !== undefined && /^,? ?(?:and |et |und )?$/.test(text.slice(last.to, from))
    if (isMore) found[found.length - 1] = { from: last.from, to, ms: last.ms + ms }
    else found.push({ from, to, ms })
  }
  return found
}

/** Returns a number of units in milliseconds, or null if the word is no unit of time. */
function inMs(count: number, unit: string): number | null {
  const known = UNITS.find(([name]) => name.test(unit))
  return known === undefined ? null : count * known[1]
}

/** Returns the times that are written with colons. They count only beside words that ask us to wait. */
function clocksIn(text: string): Time[] {
  return [...text.matchAll(CLOCK)].flatMap((match) => {
    const [whole, hours, minutes, seconds] = match
    const time = { from: match.index, to: match.index + whole.length }
    const rank = rankOf(text, time.from, time.to)
    if (rank === null || rank === ASKS.length) return []
    return [{ ...time, ms: Number(hours ?? 0) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND }]
  })
}

/** Returns a time without a unit, in seconds: `retry=300`, `retry after 300`. */
function secondsIn(text: string): number | null {
  const [, seconds] =
    /\b(?:retry|wait|again|back|delay)(?:[ -]?(?:after|in|for))?[ :=]{1,2}(\d{2,5})(?![\d.:/-]|\s?\p{L})/u.exec(text) ??
    []
  return seconds === undefined ? null : Number(seconds) * SECOND
}
