/** Follows a test live. Connects again when the stream breaks off, and yields no line twice. */
import { readEvents } from './events.ts'
import type { RelayTestEvent } from './finished.ts'
import { RelayTestUnreachable } from './problem.ts'
import { asStream, getTest } from './requests.ts'
import { type ApiRequest, type ApiService, pause, send } from './send.ts'

/** The pause before the stream is opened again. */
const AGAIN_MS = 1_000

/**
 * Yields the events of a test until its verdict.
 *
 * @param first the request that opens the stream
 * @param id the id of the test; null if the answer to `first` tells it
 */
export async function* eventsOf(
  service: ApiService,
  first: ApiRequest,
  id: string | null,
): AsyncGenerator<RelayTestEvent, void, void> {
  const { signal } = first
  let lines = 0
  let knownId = id
  let until = Date.now() + service.patienceMs
  for (let next = first; ; await pause(AGAIN_MS, signal)) {
    const response = await send(service, next, async (stream) => stream)
    const known = lines
    for await (const event of eventsUntilEnd(response, signal)) {
      if (event.event === 'line' && event.data.index < lines) continue
      if (event.event === 'line') lines += 1
      yield event
      if (event.event === 'verdict') return
    }
    // Starts the time for retries again after each new line: a test may take longer than that time.
    if (lines > known) until = Date.now() + service.patienceMs
    knownId ??= response.headers.get('location')?.split('/').pop() ?? null
    if (knownId === null || Date.now() > until) throw new RelayTestUnreachable('The stream ended before the verdict.')
    next = asStream(getTest(knownId, signal))
  }
}

/** Yields the events of a stream until it ends or breaks off. */
async function* eventsUntilEnd(
  response: Response,
  signal: AbortSignal | null,
): AsyncGenerator<RelayTestEvent, void, void> {
  try {
    if (response.body) yield* readEvents(response.body)
  } catch {
    // Treats a broken connection like a stream that ended early, unless the caller aborted.
    signal?.throwIfAborted()
  }
}
