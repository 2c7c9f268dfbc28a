/** Says how long late mail may change the result of a test. */
import { DELIVERY_TTL_MS } from './deliveries.ts'

/** How long a result must stay readable after it can no longer change, in milliseconds. */
const SETTLED_MS = 3_600_000

/** Returns how long a late message may amend a result that is kept for `resultTtlMs`, in milliseconds. */
export const amendableFor = (resultTtlMs: number): number =>
  Math.max(0, Math.min(DELIVERY_TTL_MS, resultTtlMs - SETTLED_MS))
