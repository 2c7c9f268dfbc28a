/** The mistakes that users of a command can correct, and safe printing of text on one line. */

/** A mistake in the command line, the environment or a file. Each fault is printed on one line, without a stack. */
export class Mistake extends Error {
  readonly faults: readonly string[]

  constructor(...faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

/** Returns the text as one line without control characters, safe to print on a terminal. */
export const oneLine = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ').trim()
