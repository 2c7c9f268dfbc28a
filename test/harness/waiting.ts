/** Waits for events, with a deadline for a test that hangs. Tests wait only for events, never for a fixed time. */
import { setTimeout as sleep } from 'node:timers/promises'

/** How long a wait may take on a slow machine. It only stops tests that hang: no test measures with it. */
export const PATIENCE_MS = 60_000

/** The shortest and the longest pause between two looks, in milliseconds. A look often asks the service. */
const PAUSE_MS = { least: 20, most: 250 }

/**
 * Calls `look` until it returns something, and returns that. After the deadline, throws an error that names `awaited`.
 * The pauses grow with the time waited, because long waits side by side would keep the machine busy with looking.
 */
export async function until<T>(
  awaited: string,
  look: () => T | Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < patienceMs) {
    const found = await look()
    if (found !== null && found !== undefined && found !== false) return found as Exclude<T, null | undefined | false>
    const waitedMs = performance.now() - startedAt
    await sleep(Math.min(Math.max(waitedMs / 10, PAUSE_MS.least), PAUSE_MS.most))
  }
  throw new Error(`waited in vain: ${awaited}`)
}

/** Returns the value of a promise. After the deadline, throws an error that names `awaited`. */
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
 * Waits for an event that must come before the answer to a request, such as a line at a scripted server. If the answer
 * comes first, throws at once, with the answer.
 */
export async function beforeAnswer<T>(awaited: string, event: Promise<T>, answer: Promise<Response>): Promise<T> {
  let hasHappened = false
  const happened = event.finally(() => {
    hasHappened = true
  })
  const tooEarly = answer.then(async (response) => {
    // The test itself reads an answer that comes after the event.
    if (hasHappened) return happened
    throw new Error(`answered before ${awaited}: ${response.status} ${await response.clone().text()}`)
  })
  tooEarly.catch(() => {})
  return inTime(awaited, Promise.race([happened, tooEarly]))
}
