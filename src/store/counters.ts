/** Counts requests and tests in fixed time windows, for the quotas. */
import { Expiring } from './expiring.ts'

/** The count in the open window, and how long the window stays open, in milliseconds. Both are 0 if none is open. */
export interface WindowCount {
  readonly current: number
  readonly ttl: number
}

export interface Counters {
  /** Adds one, and opens a window of `windowMs` if none is open. */
  count(key: string, windowMs: number): Promise<WindowCount>
  read(key: string): Promise<WindowCount>
  /** Subtracts one from the window that had `ttl` left. Does nothing if a newer window is open. */
  giveBack(key: string, ttl: number): Promise<void>
}

/** Beyond it, the oldest counters are lost. So it is higher than all callers, customers and targets together. */
const LIMIT = 100_000

/** Returns counters in the memory of one replica. They do not depend on the system clock. */
export function memoryCounters(): Counters {
  const open = new Expiring<{ current: number; readonly endsAt: number }>(LIMIT)
  const read = (key: string): WindowCount => {
    const window = open.get(key)
    return window
      ? { current: window.current, ttl: Math.ceil(window.endsAt - performance.now()) }
      : { current: 0, ttl: 0 }
  }
  return {
    async count(key, windowMs) {
      const window = open.get(key)
      if (window) window.current += 1
      else open.set(key, { current: 1, endsAt: performance.now() + windowMs }, windowMs)
      return read(key)
    },
    async read(key) {
      return read(key)
    },
    async giveBack(key, ttl) {
      const window = open.get(key)
      if (window && window.current > 0 && read(key).ttl <= ttl) window.current -= 1
    },
  }
}
