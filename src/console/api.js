/** The API as this page uses it. The key is held here and nowhere else: no storage, no cookie. */

let key = ''

/** From now on requests carry this key. */
export function useKey(text) {
  key = text
}

/** A refusal: the problem document (RFC 9457) that came, or one of our own where none did. */
export class Refusal extends Error {
  constructor(problem, response) {
    super(problem.detail)
    this.problem = problem
    this.testId = testIdOf(response)
    this.left = leftBy(response)
  }
}

/** Sends a request; throws Refusal for every answer but a good one. */
export async function request(path, { accept = 'application/json', ...init } = {}) {
  const headers = { accept, ...init.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) }
  let response
  try {
    response = await fetch(path, { ...init, headers, cache: 'no-store' })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Refusal({ status: 0, detail: 'The service cannot be reached.' })
  }
  if (response.ok) return response
  const problem = await response.json().catch(() => null)
  throw new Refusal(
    problem?.detail ? problem : { status: response.status, detail: `The service answered ${response.status}.` },
    response,
  )
}

export const getJson = async (path, init) => (await request(path, init)).json()

/** Makes a test, or follows one from its beginning: the answer is a stream of events. */
export const createTest = (body, signal) =>
  stream('/relay-tests', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
export const followTest = (id, signal) => stream(`/relay-tests/${id}`, { signal })

const stream = (path, init) => request(path, { ...init, accept: 'text/event-stream' })

/** The server-sent events of a response as they come; comments are passed over. */
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

/** The test that an answer leads to by its `Location`. */
export const testIdOf = (response) => response?.headers.get('location')?.split('/').at(-1)

/** What is left of each quota by `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), by name. */
export function leftBy(response) {
  const items = (response?.headers.get('ratelimit') ?? '').matchAll(/"([^"]+)";r=(\d+);t=(\d+)/g)
  return new Map(
    [...items].map(([, name, remaining, reset]) => [
      name,
      { remaining: Number(remaining), resetSeconds: Number(reset) },
    ]),
  )
}
