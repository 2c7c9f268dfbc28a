import { Expiring } from './expiring.ts'

/** How many were counted in the window that is open, and how many milliseconds it stays so; 0 and 0 without one. */
export interface Counted {
  readonly current: number
  readonly ttl: number
}

/** Counters in fixed windows. */
export interface Windows {
  /** Counts one, and opens a window where none is. */
  count(key: string, windowMs: number): Promise<Counted>
  read(key: string): Promise<Counted>
  /** Takes one back out of the window that had `ttl` left; without effect on a window that was opened since. */
  giveBack(key: string, ttl: number): Promise<void>
}

/** A counter that falls out is forgiven, so this is more than callers, customers and targets are. */
const LIMIT = 100_000

/** The counters of one replica. A clock that is set changes nothing in them. */
export function memoryWindows(): Windows {
  const open = new Expiring<{ current: number; readonly endsAt: number }>(LIMIT)
  const counted = (key: string): Counted => {
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
      return counted(key)
    },
    async read(key) {
      return counted(key)
    },
    async giveBack(key, ttl) {
      const window = open.get(key)
      if (window && window.current > 0 && counted(key).ttl <= ttl) window.current -= 1
    },
  }
}
