/** Calls the API for the page. Keeps the user's key in memory only: no storage, no cookie. */

let key = ''

/** Sets the key of all later requests. */
export function useKey(text) {
  key = text
}

/** A failed request: the problem document (RFC 9457) of the service, or one made here if there was none. */
export class ApiError extends Error {
  constructor(problem, response) {
    super(problem.detail)
    this.problem = problem
    this.testId = testIdOf(response)
    this.quotas = quotasIn(response)
  }
}

/** Sends a request and returns a 2xx response. Throws ApiError for anything else. */
export async function request(path, { accept = 'application/json', ...init } = {}) {
  const headers = { accept, ...init.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) }
  let response
  try {
    response = await fetch(path, { ...init, headers, cache: 'no-store' })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new ApiError({ status: 0, detail: 'The service cannot be reached.' })
  }
  if (response.ok) return response
  const problem = await response.json().catch(() => null)
  throw new ApiError(
    problem?.detail ? problem : { status: response.status, detail: `The service answered ${response.status}.` },
    response,
  )
}

export const getJson = async (path, init) => (await request(path, init)).json()

/** Starts a test. The response is a stream of its events. */
export const createTest = (body, signal) =>
  stream('/relay-tests', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })

/** Follows an existing test from its start. The response is a stream of its events. */
export const followTest = (id, signal) => stream(`/relay-tests/${id}`, { signal })

const stream = (path, init) => request(path, { ...init, accept: 'text/event-stream' })

/** Yields the server-sent events of a response when they arrive. Skips comments. */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const read = () =>
    reader.read().catch((error) => {
      if (error.name === 'AbortError') throw error
      return { done: true }
    })
  let rest = ''
  for (let part = await read(); !part.done; part = await read()) {
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => [/^\w*/.exec(line)[0], line.replace(/^\w*: ?/, '')]))
      if (fields.has('data')) yield { event: fields.get('event'), data: JSON.parse(fields.get('data')) }
    }
  }
}

/** Returns the id of the test in the `Location` of a response. */
export const testIdOf = (response) => response?.headers.get('location')?.split('/').at(-1)

/** Returns what is left of each quota, by its name, from `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). */
export function quotasIn(response) {
  const items = (response?.headers.get('ratelimit') ?? '').matchAll(/"([^"]+)";r=(\d+);t=(\d+)/g)
  return new Map(
    [...items].map(([, name, remaining, reset]) => [
      name,
      { remaining: Number(remaining), resetSeconds: Number(reset) },
    ]),
  )
}
