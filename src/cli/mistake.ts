/** A mistake in the command line, the environment or a file. Each fault is printed on one line, without a stack. */
export class Mistake extends Error {
  readonly faults: readonly string[]

  constructor(...faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}
