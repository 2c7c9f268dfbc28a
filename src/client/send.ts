/** Sends one request of the client, and sends it again while that is safe and useful. */
import { problemIn, RelayTestProblem, RelayTestUnreachable } from './problem.ts'

/** One request, which may be sent more than once. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly accept: 'application/json' | 'text/event-stream' | 'text/csv'
  /** Sent as JSON; null for a request without a body. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  /** True if sending it twice has the same effect as sending it once. */
  readonly repeatable: boolean
  readonly signal: AbortSignal | null
}

/** The service that gets the requests, and the time for retries. */
export interface ApiService {
  readonly url: string
  readonly key: string | null
  /** The time for all retries of one request together, in milliseconds. */
  readonly patienceMs: number
  readonly onRetry: OnRetry | null
}

/** Called before each retry, with the error and the pause before the retry in milliseconds. */
export type OnRetry = (error: RelayTestProblem | RelayTestUnreachable, pauseMs: number) => void

/** The HTTP statuses of temporary refusals, which made no test. */
const TEMPORARY: ReadonlySet<number> = new Set([429, 503])
const STILL_RUNNING = 'idempotency-running'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/**
 * Sends a request and returns what `read` makes of its response. Retries as often as is safe, never before Retry-After,
 * and never longer than `patienceMs`. Throws the last error, or the reason of an aborted signal.
 */
export async function send<T>(
  service: ApiService,
  request: ApiRequest,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const until = Date.now() + service.patienceMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await read(await sendOnce(service, request))
    } catch (error) {
      request.signal?.throwIfAborted()
      if (!(error instanceof RelayTestProblem || error instanceof RelayTestUnreachable)) throw error
      const waitMs = pauseAfter(error, request, pauseMs)
      if (waitMs === null || Date.now() + waitMs > until) throw error
      service.onRetry?.(error, waitMs)
      await pause(waitMs, request.signal)
    }
  }
}

/** Returns the pause before a retry in milliseconds, or null if a retry is useless or not safe. */
function pauseAfter(
  error: RelayTestProblem | RelayTestUnreachable,
  { repeatable }: ApiRequest,
  pauseMs: number,
): number | null {
  if (error instanceof RelayTestUnreachable) return repeatable ? pauseMs : null
  if (error.retryAfter === null) return null
  const isTemporary = TEMPORARY.has(error.status) || error.slug === STILL_RUNNING
  return isTemporary ? Math.max(error.retryAfter * 1_000, FIRST_PAUSE_MS) : null
}

async function sendOnce(
  { url, key }: ApiService,
  { method, path, accept, body, headers, signal }: ApiRequest,
): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      accept,
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
    signal,
    // Follows no redirect: another server must not get the key.
    redirect: 'error',
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new RelayTestUnreachable(`${url} cannot be reached: ${reasonOf(error)}.`, { cause: error })
  })
  if (!response.ok) throw await problemIn(response)
  if (response.headers.get('content-type')?.startsWith(accept)) return response
  await response.body?.cancel()
  throw new RelayTestUnreachable(`${url} answered, but it does not look like a relay test service.`)
}

/** Returns the reason of a failed fetch. Node.js puts it into `cause`; browsers give only a general message. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {}
  if (cause instanceof Error && cause.message !== '') return cause.message
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return error instanceof Error ? error.message : 'no answer'
}

/** Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave)
      resolve()
    }, ms)
    if (signal?.aborted) leave()
    else signal?.addEventListener('abort', leave)
  })
}
