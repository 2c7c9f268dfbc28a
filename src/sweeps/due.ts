/** Says how many targets of a sweep are due: the tests begin evenly within the time that it is spread over. */
import { durationMs } from '../contract/limits.ts'
import type { SweepRecord } from '../store/sweeps.ts'

type Plan = Pick<SweepRecord, 'createdAt' | 'spread' | 'targets'>

/** Returns how many targets may have begun at a time in milliseconds of Date.now(). */
export function dueAt({ createdAt, spread, targets }: Plan, now: number): number {
  if (spread === null) return targets
  const part = (now - Date.parse(createdAt)) / durationMs(spread)
  return Math.min(targets, Math.max(0, Math.floor(part * targets) + 1))
}

/** Returns when the target after the first `count` is due, in milliseconds of Date.now(). */
export function timeOf({ createdAt, spread, targets }: Plan, count: number): number {
  const begin = Date.parse(createdAt)
  return spread === null ? begin : begin + (count / targets) * durationMs(spread)
}
