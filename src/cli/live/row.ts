/** One line of `check.js --live`: what was looked at, what was found, and what to do about it. */

export interface CheckRow {
  /** The name of the check and its object, such as `ptr 198.51.100.7`. */
  readonly what: string
  readonly outcome: 'OK' | 'WARN' | 'FAIL'
  readonly says: string
  /** The advice to the operator; null if there is nothing to do. */
  readonly advice: string | null
}

export const fine = (what: string, says: string): CheckRow => ({ what, outcome: 'OK', says, advice: null })
export const doubtful = (what: string, says: string, advice: string): CheckRow => ({
  what,
  outcome: 'WARN',
  says,
  advice,
})
export const wrong = (what: string, says: string, advice: string): CheckRow => ({ what, outcome: 'FAIL', says, advice })

/** Returns a row as text. */
export const renderRow = ({ what, outcome, says, advice }: CheckRow): string =>
  `${outcome.padEnd(4)}  ${what}: ${says}\n${advice === null ? '' : `      -> ${advice}\n`}`
