/** Calls the API for the page. The key is kept for this tab only, so that a reload does not ask for it again. */
import type { RelayTestEvent } from '../contract/events.ts'
import type { Problem } from '../contract/problems.ts'
import type { NewRelayTest } from '../contract/relay-test.ts'

const PLACE = 'relay-tests-key'

/** Whether the page has a key. Behind a proxy that logs users in, it needs none. */
export const hasKey = (): boolean => sessionStorage.getItem(PLACE) !== null

/** Keeps the key for all later requests of this tab. Null forgets it. */
export function useKey(key: string | null): void {
  if (key === null) sessionStorage.removeItem(PLACE)
  else sessionStorage.setItem(PLACE, key)
}

/** The members of a problem that the page reads. The service sends more; a broken connection sends fewer. */
export type ReadProblem = Pick<Problem, 'status' | 'detail'> &
  Partial<Pick<Problem, 'errors' | 'violatedPolicies' | 'lastTest'>>

/** A failed request: the problem document (RFC 9457) of the service, or one made here if there was none. */
export class ApiError extends Error {
  readonly problem: ReadProblem
  /** The path of a test or of a sweep, from `Location`. */
  readonly location: string | null
  readonly left: QuotasLeft
  /** Seconds until the request may work, from `Retry-After`. */
  readonly retryAfter: number | null

  constructor(problem: ReadProblem, response: Response | null = null) {
    super(problem.detail)
    this.problem = problem
    this.location = response?.headers.get('location') ?? null
    this.left = response ? quotasIn(response) : new Map()
    this.retryAfter = Number(response?.headers.get('retry-after')) || null
  }
}

/** Sends a request and returns a 2xx response. Throws ApiError for anything else. */
export async function request(path: string, init: RequestInit & { readonly accept?: string } = {}): Promise<Response> {
  const { accept = 'application/json', ...rest } = init
  const key = sessionStorage.getItem(PLACE)
  const headers = new Headers({ ...(key ? { authorization: `Bearer ${key}` } : {}), accept })
  if (rest.body) headers.set('content-type', 'application/json')
  let response: Response
  try {
    response = await fetch(path, { ...rest, headers, cache: 'no-store' })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError({ status: 0, detail: 'The service cannot be reached.' })
  }
  if (response.ok) return response
  const problem: unknown = await response.json().catch(() => null)
  const unknown = { status: response.status, detail: `The service answered ${response.status}.` }
  throw new ApiError(isProblem(problem) ? problem : unknown, response)
}

/** Whether an error says that the page gave up waiting. */
export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError'

const isProblem = (body: unknown): body is ReadProblem =>
  typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string'

/** Returns the JSON of an answer. A service keeps to its contract, so the type is the caller's. */
export const getJson = async <Answer>(path: string, signal?: AbortSignal): Promise<Answer> =>
  (await request(path, signal ? { signal } : {})).json()

/** Starts a test. The response is a stream of its events. */
export const createTest = (body: NewRelayTest, signal: AbortSignal): Promise<Response> =>
  request('/relay-tests', { method: 'POST', body: JSON.stringify(body), accept: 'text/event-stream', signal })

/** Follows an existing test from its start. With `toAnswer`, the stream stays open until no follow-up is left. */
export const followTest = (id: string, signal: AbortSignal, toAnswer = false): Promise<Response> =>
  request(`/relay-tests/${id}${toAnswer ? '?until=answer' : ''}`, { accept: 'text/event-stream', signal })

/** Yields the server-sent events of a response when they arrive. Skips comments. */
export async function* eventsOf(response: Response): AsyncGenerator<RelayTestEvent> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  const read = async () => {
    try {
      return (await reader?.read()) ?? { done: true, value: undefined }
    } catch (error) {
      // A broken connection is like a stream that ended early.
      if (isAbort(error)) throw error
      return { done: true, value: undefined }
    }
  }
  let rest = ''
  for (let part = await read(); part.value !== undefined; part = await read()) {
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [/^\w*/.exec(line)?.[0], line.replace(/^\w*: ?/, '')]))
      const event = { event: fields.get('event'), data: JSON.parse(fields.get('data') ?? 'null') }
      if (isKnown(event)) yield event
    }
  }
}

const KNOWN: ReadonlySet<unknown> = new Set<RelayTestEvent['event']>(['waiting', 'phase', 'line', 'attempt', 'verdict'])

const isKnown = (event: { event: unknown; data: unknown }): event is RelayTestEvent => KNOWN.has(event.event)

/** Returns the id of the test in the `Location` of a response. */
export const testIdOf = (response: Response): string | null =>
  response.headers.get('location')?.split('/').at(-1) ?? null

/** The rest of each quota, by its name. */
export type QuotasLeft = ReadonlyMap<string, { readonly remaining: number; readonly resetSeconds: number }>

/** Returns what is left of each quota, from `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). */
export function quotasIn(response: Response): QuotasLeft {
  const items = (response.headers.get('ratelimit') ?? '').matchAll(/"([^"]+)";r=(\d+);t=(\d+)/g)
  return new Map(
    [...items].map(([, name = '', remaining, reset]) => [
      name,
      { remaining: Number(remaining), resetSeconds: Number(reset) },
    ]),
  )
}
