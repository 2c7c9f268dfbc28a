/** Writes times of the API, which are UTC, as people read them. */

/** Returns the day, for example `2026-11-29`. */
export const dayOf = (time: string): string => time.slice(0, 10)

/** Returns the minute, for example `2026-11-29 08:00`. */
export const minuteOf = (time: string): string => time.slice(0, 16).replace('T', ' ')

/** Returns the second with its zone, for example `2026-11-29 08:00:00 UTC`, as the errors of the API write it. */
export const secondOf = (time: string): string => `${time.slice(0, 19).replace('T', ' ')} UTC`
