/** The meaning of some traits in figures and replies. */
import type { Traits } from './traits.ts'

export const TOTAL: Readonly<Record<Traits['connections'], number>> = {
  any: 99,
  one: 1,
  three: 3,
  'one at a time': 99,
  'two at a time': 99,
}
export const AT_ONCE: Partial<Record<Traits['connections'], number>> = { 'one at a time': 1, 'two at a time': 2 }
export const BAN_AFTER: Readonly<Record<Traits['ban'], number>> = {
  never: Number.POSITIVE_INFINITY,
  'from the start': 0,
  'after 1 refusal': 1,
  'after 2 refusals': 2,
  'after 3 refusals': 3,
  'after 4 refusals': 4,
}
export const GREYLISTED: Readonly<Record<Exclude<Traits['greylisting'], 'none'>, readonly [string, number]>> = {
  '2 seconds': ['450 4.2.0 Greylisted, try again in 2 seconds', 2_000],
  '5 minutes': ['450 4.2.0 Greylisted, see http://postgrey.example/ and try again in 300 seconds', 300_000],
  'without a time': ['451 4.7.1 Greylisting in action, please come back later', 300_000],
}
export const AMBIGUOUS: Readonly<
  Record<Exclude<Traits['ambiguous'], 'as it denies relaying' | 'as an unknown user'>, string>
> = {
  'as a syntax error': '501 5.1.3 Bad recipient address syntax',
  'because of its characters': '550 restricted characters in address',
}
export const CONTENT: Readonly<Record<Traits['content'], string>> = {
  queued: '250 2.0.0 Ok: queued as 4F2A3',
  'refused as spam': '550 5.7.1 Message content rejected as spam',
  'put off': '451 4.3.0 Message temporarily deferred',
  'discarded in words': '250 2.7.0 Ok, discarded, id=4F2A3 - spam',
}
export const LISTED = '554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.spamhaus.org'
export const LOGIN_FIRST = '553 5.7.1 Sender address rejected: not logged in'

/** When mail reaches us, in milliseconds after the final dot; null for never. */
export const DELIVERY: Readonly<Record<Traits['delivery'], number | null>> = {
  'at once': 100,
  'after 5 seconds': 5_000,
  'after the wait': 120_000,
  never: null,
}
