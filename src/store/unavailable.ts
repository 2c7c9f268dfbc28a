/** What is shared by replicas cannot be reached, or takes no writes. Nothing may be dialled then. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
