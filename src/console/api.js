/** The API as this page uses it. The key is held here and nowhere else: no storage, no cookie. */

let key = ''

/** From now on requests carry this key. */
export function useKey(text) {
  key = text
}

/** A refusal: the problem document (RFC 9457) that came, or one of our own where none did. */
export class Refusal extends Error {
  constructor(problem) {
    super(problem.detail)
    this.problem = problem
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
  )
}

export const getJson = async (path, init) => (await request(path, init)).json()

/** Makes a test, live where the service can tell it live. The answer is a stream of events or the whole result. */
export async function createTest(body, signal) {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal }
  return live('/relay-tests', init)
}

/** Follows a test from its beginning, or reads its result. */
export const followTest = (id, signal) => live(`/relay-tests/${encodeURIComponent(id)}`, { signal })

async function live(path, init) {
  try {
    return await request(path, { ...init, accept: 'text/event-stream' })
  } catch (refusal) {
    if (refusal.problem?.status !== 406) throw refusal
    return request(path, init)
  }
}

/** Server-sent events of a response, or its body as the one event `verdict` where it is no stream. */
export async function* eventsOf(response) {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    yield { event: 'verdict', data: await response.json() }
    return
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
      )
      if (fields.has('data')) yield { event: fields.get('event'), data: JSON.parse(fields.get('data')) }
    }
  }
}

/** The quotas of `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), by name. */
export function quotasOf(response) {
  const items = (name) => [...(response.headers.get(name) ?? '').matchAll(/"([^"]+)";(\w)=(\d+);(\w)=(\d+)/g)]
  const limits = new Map(items('ratelimit-policy').map(([, name, , limit]) => [name, Number(limit)]))
  return items('ratelimit').map(([, name, , remaining, , reset]) => ({
    name,
    remaining: Number(remaining),
    limit: limits.get(name) ?? null,
    resetSeconds: Number(reset),
  }))
}
