import { type Claims, memoryClaims } from './claims.ts'
import { type Leases, memoryLeases } from './leases.ts'
import { memoryRefusals, type Refusals } from './refusals.ts'
import { memoryResults, type Results } from './results.ts'
import { NO_SIGNALS, type Signals } from './signals.ts'
import { memoryWindows, type Windows } from './windows.ts'

/** All that replicas share. Every method throws StoreUnavailable where it cannot be had. */
export interface Stores {
  readonly windows: Windows
  readonly leases: Leases
  readonly results: Results
  readonly claims: Claims
  readonly refusals: Refusals
  readonly signals: Signals
  /** Null where one replica keeps all in its memory. */
  readonly server: StoreServer | null
  close(): Promise<void>
}

/** The server that holds what is shared. */
export interface StoreServer {
  /** Whether it takes writes now. */
  isUp(): Promise<boolean>
  /** Its addresses, as far as they are known: those it was reached at among them. */
  addresses(): readonly string[]
}

/** Everything in the memory of one replica. */
export const memoryStores = (resultTtlMs: number): Stores => ({
  windows: memoryWindows(),
  leases: memoryLeases(),
  results: memoryResults(resultTtlMs),
  claims: memoryClaims(resultTtlMs),
  refusals: memoryRefusals(),
  signals: NO_SIGNALS,
  server: null,
  async close() {},
})
