import { setTimeout as sleep } from 'node:timers/promises'

/** How long anything here may take on a slow machine: a deadline for what hangs, never a measure. */
export const PATIENCE_MS = 30_000

/** Looks again and again until there is something, and returns it. Throws after the deadline, saying what was awaited. */
export async function until<T>(
  awaited: string,
  look: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + patienceMs
  while (performance.now() < deadline) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found as Exclude<T, null | undefined | false>
    await sleep(20)
  }
  throw new Error(`waited in vain: ${awaited}`)
}

/** The value of a promise, or an error that says what was awaited. */
export async function inTime<T>(awaited: string, promise: Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const stop = new AbortController()
  const late = sleep(patienceMs, null, { signal: stop.signal }).then(() => {
    throw new Error(`waited in vain: ${awaited}`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    stop.abort()
    late.catch(() => {})
  }
}
