/** Thrown if the shared stores cannot be reached, or accept no writes. Then no test may dial. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
