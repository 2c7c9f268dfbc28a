/** The two errors of shared stores: they cannot be reached, or they have lost what they knew. Then no test may dial. */

/** Thrown if the shared stores cannot be reached, or accept no writes. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Thrown if the shared stores have lost what they knew, until every test that may still run has ended. */
export class MemoryLost extends Error {
  /** How long nothing is tested, in milliseconds. */
  readonly waitMs: number

  constructor(waitMs: number) {
    super('the shared stores have lost what they knew')
    this.waitMs = waitMs
  }
}
