/** Ends a call of the client when its caller aborts it, or when its time is over. */

export interface CallOptions {
  /** Abort this signal to give up the call. */
  readonly signal?: AbortSignal
  /** The longest time for the whole call with all its retries, in milliseconds. Default: no limit. */
  readonly timeoutMs?: number
}

/** A call took longer than its `timeoutMs`. A test that it started may go on: `wait` again with its id. */
export class RelayTestTimeout extends Error {
  override readonly name = 'RelayTestTimeout'
}

/** The longest time of setTimeout, 2^31 - 1 ms. A longer one would end at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The limit of one call. */
interface Limit {
  /** Aborted when the call must end. Null if it has no limit. */
  readonly signal: AbortSignal | null
  /** Call this at the end of the call: it stops the timer. */
  end(): void
}

/** Returns the limit of a call. Its signal is aborted with the caller's reason, or with RelayTestTimeout. */
function limitOf({ signal, timeoutMs }: CallOptions): Limit {
  if (timeoutMs === undefined) return { signal: signal ?? null, end() {} }
  const ending = new AbortController()
  const leave = () => ending.abort(signal?.reason)
  const isLate = () => ending.abort(new RelayTestTimeout(`The call did not end within ${timeoutMs} ms.`))
  const timer = setTimeout(isLate, Math.min(timeoutMs, LONGEST_TIMER_MS))
  if (signal?.aborted) leave()
  else signal?.addEventListener('abort', leave)
  return {
    signal: ending.signal,
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    },
  }
}

/** Does the work of a call within its limit. */
export async function within<T>(options: CallOptions, work: (signal: AbortSignal | null) => Promise<T>): Promise<T> {
  const limit = limitOf(options)
  try {
    return await work(limit.signal)
  } finally {
    limit.end()
  }
}

/** Yields what the work of a call yields, within its limit. Leaving the loop early ends the call. */
export async function* yieldWithin<T>(
  options: CallOptions,
  work: (signal: AbortSignal | null) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  const limit = limitOf(options)
  try {
    yield* work(limit.signal)
  } finally {
    limit.end()
  }
}
