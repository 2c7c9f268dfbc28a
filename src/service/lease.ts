/** Takes the lease of a place, even if a finished test could not give its own lease back. */
import type { LeaseHolder } from '../store/leases.ts'
import type { Stores } from '../store/stores.ts'

/** How much longer than a test its lease lasts, in milliseconds. */
const GRACE_MS = 10_000

/** Returns how long the lease of a test lasts, in milliseconds. */
export const leaseMsFor = (deadlineMs: number): number => deadlineMs + GRACE_MS

/**
 * Takes the lease for `ttlMs`, or returns its holder. If the holder's test is finished, and it is no follow-up, the
 * lease was left behind because the store did not answer in time. Such a lease is released first.
 */
export async function takeLease(
  { leases, results }: Pick<Stores, 'leases' | 'results'>,
  place: string,
  holder: LeaseHolder,
  ttlMs: number,
): Promise<LeaseHolder | null> {
  const busy = await leases.acquire(place, holder, ttlMs)
  if (busy === null || busy.isFollowUp || (await results.get(busy.testId))?.status !== 'finished') return busy
  await leases.release(place, busy.testId)
  return leases.acquire(place, holder, ttlMs)
}
