/** Bundles all stores. One set lives in memory, the other in Redis (redis/); the same tests prove both. */
import { type Claims, memoryClaims } from './claims.ts'
import { type Counters, memoryCounters } from './counters.ts'
import { type Leases, memoryLeases } from './leases.ts'
import { memoryRecentRefusals, type RecentRefusals } from './recent-refusals.ts'
import { memoryResults, type Results } from './results.ts'
import { memorySignals, type Signals } from './signals.ts'
import { memoryStops, type Stops } from './stops.ts'
import { memorySweeps, type Sweeps } from './sweeps.ts'

/**
 * Everything that replicas share. Every method throws StoreUnavailable if the server cannot be reached. Those that take
 * something for a test throw MemoryLost after the server has lost its memory.
 */
export interface Stores {
  readonly counters: Counters
  readonly leases: Leases
  readonly results: Results
  readonly claims: Claims
  readonly recentRefusals: RecentRefusals
  readonly signals: Signals
  readonly stops: Stops
  readonly sweeps: Sweeps
  /** Null if the stores are in the memory of one replica. */
  readonly server: StoreServer | null
  close(): Promise<void>
}

/** The server behind the stores. */
export interface StoreServer extends WatchedServer {
  /** Looks at the server now. */
  look(): Promise<StoreState>
  /** Waits a moment for a server that is not connected yet, or that no replica has used before. */
  usable(): Promise<void>
}

/** A server whose state and addresses are known. */
export interface WatchedServer {
  /** Tells how the server is. Looks at it again only if the last look is some time ago. */
  state(): Promise<StoreState>
  /** Returns the known addresses of the server, which must never be tested. */
  addresses(): readonly string[]
}

/** How the server is now. */
export interface StoreState {
  /** Whether it accepts writes. */
  readonly isUp: boolean
  /** How long nothing is tested because it has lost its memory, in milliseconds. 0 if it has not. */
  readonly waitMs: number
}

/** Returns stores in the memory of one replica. */
export const memoryStores = (resultTtlMs: number): Stores => ({
  counters: memoryCounters(),
  leases: memoryLeases(),
  results: memoryResults(resultTtlMs),
  claims: memoryClaims(resultTtlMs),
  recentRefusals: memoryRecentRefusals(),
  signals: memorySignals(),
  stops: memoryStops(),
  sweeps: memorySweeps(),
  server: null,
  async close() {},
})
