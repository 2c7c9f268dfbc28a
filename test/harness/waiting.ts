/** Waits for events, with a deadline for what hangs. A test waits for nothing but an event, and never for a time. */
import { setTimeout as sleep } from 'node:timers/promises'

/** How long anything here may take on a slow machine: a deadline for what hangs, never a measure. */
export const PATIENCE_MS = 30_000

/**
 * Looks again and again until there is something, and returns it. Throws after the deadline; says what it waited for.
 */
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

/**
 * Waits for an event that comes while a request is being answered, such as a line at a scripted server. Where the
 * answer comes first, the event will never come: throws at once, with the answer.
 */
export async function beforeAnswer<T>(awaited: string, event: Promise<T>, answer: Promise<Response>): Promise<T> {
  let hasHappened = false
  const happened = event.finally(() => {
    hasHappened = true
  })
  const tooEarly = answer.then(async (response) => {
    // An answer that comes later is the test's to read.
    if (hasHappened) return happened
    throw new Error(`answered before ${awaited}: ${response.status} ${await response.clone().text()}`)
  })
  tooEarly.catch(() => {})
  return inTime(awaited, Promise.race([happened, tooEarly]))
}
