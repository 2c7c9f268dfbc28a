/** Reads the values of options: numbers, words of a list, formats, addresses, names, ids and times. */
import { domainToASCII } from 'node:url'
import { parseAddress } from '../ip/address.ts'
import { Mistake } from './mistake.ts'

/** Returns a whole number from 1 to `max`. Throws Mistake for other text. */
export function numberIn(option: string, given: string | undefined, max: number): number | undefined {
  if (given === undefined) return undefined
  const value = Number(given)
  if (!/^\d{1,6}$/.test(given) || value < 1 || value > max) {
    throw new Mistake(`${option}: enter a whole number from 1 to ${max}`)
  }
  return value
}

/** Returns the text if it is one of the words. Throws Mistake for other text. */
export function wordIn<T extends string>(
  option: string,
  given: string | undefined,
  words: readonly T[],
): T | undefined {
  if (given === undefined) return undefined
  const word = words.find((one) => one === given)
  if (word === undefined) throw new Mistake(`${option}: choose one of ${words.join(', ')}`)
  return word
}

/** Returns the format of the output; null if the terminal decides. Throws Mistake if `--json` asks for another one. */
export function formatIn<T extends string>(
  given: string | undefined,
  json: boolean,
  formats: readonly (T | 'ndjson')[],
): T | 'ndjson' | null {
  const format = wordIn('--format', given, formats) ?? null
  if (!json) return format
  if (format !== null && format !== 'ndjson') {
    throw new Mistake(`use --json or --format ${format}, not both: --json is the same as --format ndjson`)
  }
  return 'ndjson'
}

/** Returns the text if it is an IP address. Throws Mistake for other text. */
export function addressIn(option: string, given: string): string {
  if (parseAddress(given) !== null) return given
  throw new Mistake(`${option}: enter an IP address, for example 203.0.113.25, not "${given}"`)
}

/** Returns a domain, or a mailbox with its domain, as DNS writes it. The service checks everything else. */
export function inAscii(name: string): string {
  const at = name.lastIndexOf('@') + 1
  const domain = name.slice(at)
  return /[^\p{ASCII}]/u.test(domain) ? name.slice(0, at) + (domainToASCII(domain) || domain) : name
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a text is the id of a test or a sweep. */
export const isId = (given: string): boolean => ID.test(given)

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Returns a date or a time as ISO 8601. A duration means the time that is this long before `now`. */
export function timeOf(option: string, given: string, now: Date): string {
  const [, count = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(given) ?? []
  const time = unit ? now.getTime() - Number(count) * (UNITS_MS[unit] ?? 0) : Date.parse(given)
  if (Number.isNaN(time) || !(unit || /^\d{4}-\d\d-\d\d/.test(given))) {
    throw new Mistake(`${option}: enter a date, a time or a duration: 2027-01-31, 2027-01-31T12:00:00Z, 24h or 7d`)
  }
  return new Date(time).toISOString()
}
