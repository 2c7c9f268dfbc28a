import { problemIn, RelayTestProblem, RelayTestUnreachable } from './problem.ts'

/** One request, which may be sent more than once. */
export interface Ask {
  readonly path: string
  readonly accept: 'application/json' | 'text/event-stream'
  /** Sent as JSON with POST; null for a GET. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  /** Whether to send it twice does no more than to send it once. */
  readonly repeatable: boolean
  readonly signal: AbortSignal | null
}

/** Whom to ask, and how long to go on asking. */
export interface Service {
  readonly url: string
  readonly key: string | null
  /** For all retries of one request together, in milliseconds. */
  readonly patienceMs: number
}

/** Refusals that made no test and are over after a while. */
const PASSING: ReadonlySet<number> = new Set([429, 503])
const STILL_RUNNING = 'idempotency-running'

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000

/** Asks until there is an answer that can be read: as often as is safe, no sooner than the service says, and no longer than patience lasts. */
export async function ask<T>(service: Service, request: Ask, read: (response: Response) => Promise<T>): Promise<T> {
  const until = Date.now() + service.patienceMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await read(await askOnce(service, request))
    } catch (error) {
      request.signal?.throwIfAborted()
      const waitMs = waitFor(error, request, pauseMs)
      if (waitMs === null || Date.now() + waitMs > until) throw error
      await pause(waitMs, request.signal)
    }
  }
}

/** How long to wait before asking again, in milliseconds; null where that is of no use or not safe. */
function waitFor(error: unknown, { repeatable }: Ask, pauseMs: number): number | null {
  if (error instanceof RelayTestUnreachable) return repeatable ? pauseMs : null
  if (!(error instanceof RelayTestProblem) || error.retryAfter === null) return null
  const isPassing = PASSING.has(error.status) || error.slug === STILL_RUNNING
  return isPassing ? Math.max(error.retryAfter * 1_000, FIRST_PAUSE_MS) : null
}

async function askOnce({ url, key }: Service, { path, accept, body, headers, signal }: Ask): Promise<Response> {
  const response = await fetch(`${url}${path}`, {
    method: body === null ? 'GET' : 'POST',
    headers: {
      accept,
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
    signal,
    // Whoever else would answer is not the service that the key is for.
    redirect: 'error',
  }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw new RelayTestUnreachable(`${url} cannot be reached: ${reasonOf(error)}.`, { cause: error })
  })
  if (!response.ok) throw await problemIn(response)
  if (response.headers.get('content-type')?.startsWith(accept)) return response
  await response.body?.cancel()
  throw new RelayTestUnreachable(`${url} answered, but not as a relay test service does.`)
}

/** Node's fetch says what went wrong in the cause of its error; browsers say no more than that something did. */
function reasonOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {}
  if (cause instanceof Error && cause.message !== '') return cause.message
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return error instanceof Error ? error.message : 'no answer'
}

/** Resolves after so many milliseconds; rejects as soon as the signal is aborted. */
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
